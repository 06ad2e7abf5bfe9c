/**
 * The messages that the server has not accepted yet, kept in localStorage before they are sent.
 * Each belongs to one tab; what closed tabs left behind is adopted by one that lives. Knows no socket.
 */
import { serverNow } from "./clock.js";

const TAB_KEY = "gapless.tab";

/** A UUID of version 4; `randomUUID` exists only in secure contexts, and a chat on a LAN is often plain http. */
export function makeUuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// sessionStorage survives a reload, so a reloaded tab finds its own messages at once.
function tabName() {
  try {
    const name = sessionStorage.getItem(TAB_KEY) ?? makeUuid();
    sessionStorage.setItem(TAB_KEY, name);
    return name;
  } catch {
    return makeUuid();
  }
}

export class Outbox {
  #prefix;
  #tab = tabName();
  #drafts = new Map();
  #lastAt = 0;
  #unkept = new Set(); // the browser refused to store these
  holdMs = 0; // how long a new draft is held, to be taken back

  constructor(/** @type {any} */ user) {
    this.#prefix = `gapless.outbox.${user}.`;
    this.#load((/** @type {Draft} */ draft) => draft.tab === this.#tab);
  }

  /** Makes a draft and keeps it; it survives a reload from here on (unless the browser refuses to store). */
  add(/** @type {{ channel: number, body: string, replyTo?: number | null, thread?: number | null, isAlso?: boolean, files?: any[] }} */ { channel, body, replyTo = null, thread = null, isAlso = false, files = [] }) {
    this.#lastAt = Math.max(Math.round(serverNow()), this.#lastAt + 1); // strictly rising: it is the order of sending
    /** @type {Draft} */
    const draft = {
      client_msg_id: makeUuid(), channel, body, reply_to: replyTo, thread, also_in_channel: isAlso, at: this.#lastAt, tab: this.#tab,
      state: "pending", dueAt: this.holdMs ? this.#lastAt + this.holdMs : null, after: null, error: null, retryAt: null, tries: 0, files,
    };
    this.save(draft);
    return draft;
  }

  get(/** @type {string} */ id) {
    return this.#drafts.get(id);
  }

  of(/** @type {number} */ channel) {
    return this.all().filter((draft) => draft.channel === channel);
  }

  all() {
    return [...this.#drafts.values()].sort((a, b) => a.at - b.at);
  }

  /** The first that waits; undefined while its files are on their way, for a later message must not overtake it. */
  next(/** @type {number} */ channel) {
    const draft = this.of(channel).find((draft) => draft.state === "pending" && !this.#isTaken(draft));
    return draft?.files?.some((/** @type {any} */ file) => !file.whole) ? undefined : draft;
  }

  /** Keeps the draft as it is now; one that another tab has sent or deleted does not come back. */
  save(/** @type {Draft} */ draft) {
    const id = draft.client_msg_id;
    if (this.#drafts.has(id) && this.#isTaken(draft)) return this.#drafts.delete(id);
    this.#drafts.set(id, draft);
    try {
      localStorage.setItem(this.#prefix + id, JSON.stringify(draft));
      this.#unkept.delete(id);
    } catch {
      this.#unkept.add(id); // Full or forbidden: it still goes out, it just does not survive a reload.
    }
  }

  /** Whether something would be lost with the page. */
  get isUnkept() {
    return this.all().some(({ client_msg_id: id }) => this.#unkept.has(id));
  }

  /** Calls `taken(draft)` when another tab has sent or deleted a draft that this one holds too. */
  watchTabs(/** @type {Callback} */ taken) {
    globalThis.addEventListener?.("storage", ({ key, newValue }) => {
      const draft = newValue == null && key?.startsWith(this.#prefix) && this.#drafts.get(key.slice(this.#prefix.length));
      if (draft && this.#drafts.delete(draft.client_msg_id)) taken(draft);
    });
  }

  /** True when it was there. */
  remove(/** @type {string} */ id) {
    try {
      localStorage.removeItem(this.#prefix + id);
    } catch {
      // as above
    }
    return this.#drafts.delete(id);
  }

  /** A draft gets a new identity, for when the old one is taken by another message. */
  rename(/** @type {Draft} */ draft) {
    this.remove(draft.client_msg_id);
    draft.client_msg_id = makeUuid();
    this.save(draft);
  }

  /**
   * Calls `adopted(drafts)` with what closed tabs left behind, now and at each later call of the returned function.
   * Of several tabs one does it; without locks (plain http) all do, which is harmless: a repeat is one message.
   */
  watchOrphans(/** @type {Callback} */ adopted) {
    const look = () => this.#adopt(adopted);
    if (!navigator.locks) {
      this.#load(() => true);
      return () => {};
    }
    const forever = () => new Promise(() => {});
    let leads = false;
    navigator.locks.request(this.#lockOf(this.#tab), { mode: "shared" }, forever);
    navigator.locks.request(`${this.#prefix}leader`, () => {
      leads = true;
      look();
      return forever();
    });
    return () => leads && look();
  }

  async #adopt(/** @type {Callback} */ adopted) {
    const { held = [] } = await navigator.locks.query();
    const living = new Set(held.map(({ name }) => name));
    const drafts = this.#load((/** @type {Draft} */ draft) => !living.has(this.#lockOf(draft.tab)));
    if (drafts.length) adopted(drafts);
  }

  #isTaken(/** @type {{ client_msg_id: string }} */ { client_msg_id: id }) {
    try {
      return !this.#unkept.has(id) && localStorage.getItem(this.#prefix + id) == null;
    } catch {
      return false;
    }
  }

  #lockOf(/** @type {any} */ tab) {
    return `${this.#prefix}tab.${tab}`;
  }

  #load(/** @type {Callback} */ isWanted) {
    const found = [];
    for (const draft of this.#stored()) {
      if (this.#drafts.has(draft.client_msg_id) || !isWanted(draft)) continue;
      this.#lastAt = Math.max(this.#lastAt, draft.at);
      found.push({ ...draft, tab: this.#tab, retryAt: null });
    }
    for (const draft of found) this.save(draft);
    return found;
  }

  #stored() {
    try {
      const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.#prefix));
      return keys.map((key) => JSON.parse(localStorage.getItem(key) ?? "null")).filter(Boolean);
    } catch {
      return [];
    }
  }
}
