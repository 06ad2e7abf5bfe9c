/**
 * Who is here, away or gone, as last heard. Emits `changed` {users} (null: any of them). Nothing heard, or no connection: `unknown`, never a guess.
 * Takes what the page hands over; refuses to know how it came and how it looks.
 */
const UNKNOWN = Object.freeze({ status: "unknown", activity: "", last_seen: null });
const OFFLINE = Object.freeze({ ...UNKNOWN, status: "offline" });
const ASK_MOST = 100;
// After a restart all come back at once; and what is pushed with the connection need not be asked for.
const ASK_MS = 200;
const ASK_SPREAD_MS = 600;

export class Presence extends EventTarget {
  isOffered = false; // by the server
  #known = new Map();
  #stale = new Set(); // heard over an earlier connection
  #told = new Set(); // channels
  #wanted = new Set();
  #load;

  /** `load(ids)` resolves to {user: {status, activity, last_seen}}. */
  constructor(/** @type {{ load: Callback }} */ { load }) {
    super();
    this.#load = load;
  }

  /** Who was not named when all who are in `channel` were told, is not here. */
  of(/** @type {any} */ user, /** @type {number | null | undefined} */ channel) {
    return this.#known.get(user) ?? (this.#told.has(channel) ? OFFLINE : UNKNOWN);
  }

  /**
   * A frame: {users: {user: {status, activity, last_seen}}} of those that changed; with `channel`, all who are here in it;
   * `known` false: of nobody else it can be said.
   */
  take(/** @type {{ users?: Record<string, PresenceState>, channel?: number | null | undefined, known?: any }} */ { users = {}, channel = null, known = true }) {
    if (!known) this.#clear();
    else if (channel != null) this.#told.add(channel);
    for (const [id, state] of Object.entries(users)) this.#put(Number(id), state);
    if (!known || channel != null) this.#changed();
    else if (Object.keys(users).length) this.#changed(Object.keys(users).map(Number));
  }

  /** A new connection: what was heard stays on screen until it is heard anew. */
  renew() {
    this.#stale = new Set(this.#known.keys());
    this.#told.clear();
  }

  /** The connection is away: what was heard may have changed since. */
  forget() {
    this.#clear();
    this.#changed();
  }

  /** Asks, once and together, for those of whom nothing was heard. */
  want(/** @type {number[]} */ users) {
    const isFirst = !this.#wanted.size;
    for (const id of users) if (this.#isOpen(id)) this.#wanted.add(id);
    if (isFirst && this.#wanted.size) setTimeout(() => this.#ask(), ASK_MS + Math.random() * ASK_SPREAD_MS);
  }

  async #ask() {
    if (!this.isOffered) return this.#wanted.clear();
    const users = [...this.#wanted].filter((id) => this.#isOpen(id)).slice(0, ASK_MOST);
    this.#wanted = new Set([...this.#wanted].filter((id) => this.#isOpen(id)).slice(ASK_MOST));
    if (!users.length) return;
    /** @type {Record<string, PresenceState>} */
    const found = await this.#load(users).catch(() => ({}));
    // What was pushed meanwhile is newer.
    const isWanted = (/** @type {any} */ [id]) => this.#isOpen(Number(id));
    this.take({ users: Object.fromEntries(Object.entries(found).filter(isWanted)) });
    if (this.#wanted.size) this.#ask();
  }

  #isOpen(/** @type {number} */ id) {
    return !this.#known.has(id) || this.#stale.has(id);
  }

  #clear() {
    for (const heard of [this.#known, this.#stale, this.#told]) heard.clear();
  }

  #put(/** @type {number} */ id, /** @type {PresenceState} */ state) {
    this.#stale.delete(id);
    this.#known.set(id, { ...UNKNOWN, ...state });
  }

  #changed(/** @type {number[] | null} */ users = null) {
    this.dispatchEvent(new CustomEvent("changed", { detail: { users } }));
  }
}
