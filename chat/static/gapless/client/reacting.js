/**
 * The person's reactions that the server has not taken yet: kept in localStorage, sent in order as soon as there is a connection,
 * and overlaid on what the server has said. Of several clicks on one emoji the last one counts. Repeating one is harmless, so
 * that any tab may send what another has kept. Knows no socket and no page.
 */
import { elapsed, serverNow } from "./clock.js";

const NO_HINT_SECONDS = 2;
const MAY_PASS = new Set(["rate_limited", "unavailable", "internal"]);
const MOST_TRIES = 5;

export class Reacting {
  #prefix;
  #ask;
  #isOnline;
  #changed;
  #refused;
  #kept = new Map(); // key → wish
  #unkept = new Set(); // the browser refused to store these
  #isRunning = false;
  #lastAt = 0;

  /** `changed(wish, message?)`: what is wished is new, or was taken; `refused(wish, detail)`: it is gone, and this is why. */
  constructor(/** @type {{ user: any, ask: Callback, isOnline: Callback, changed: Callback, refused: Callback }} */ { user, ask, isOnline, changed, refused }) {
    this.#prefix = `gapless.reaction.${user}.`;
    this.#ask = ask;
    this.#isOnline = isOnline;
    this.#changed = changed;
    this.#refused = refused;
    this.#load();
  }

  /** Keeps the wish and sends it as soon as it can be sent. */
  wish(/** @type {{ channel: number, message: number, emoji: string, isOn: boolean }} */ { channel, message, emoji, isOn }) {
    this.#lastAt = Math.max(Math.round(serverNow()), this.#lastAt + 1); // strictly rising: it is the order of sending
    const wish = { channel, message, emoji, isOn, at: this.#lastAt, tries: 0 };
    this.#kept.set(keyOf(wish), wish);
    this.#store(keyOf(wish), wish);
    this.#changed(wish);
    this.wake();
  }

  /** What the person wants of a message and the server has not said yet: [{emoji, isOn}]. */
  of(/** @type {number} */ message) {
    return [...this.#kept.values()].filter((wish) => wish.message === message);
  }

  /** After each return of the connection: what other tabs have left behind goes along. */
  wake() {
    if (this.#isRunning) return;
    this.#load();
    this.#run();
  }

  async #run() {
    this.#isRunning = true;
    for (let wish = this.#next(); wish && this.#isOnline(); wish = this.#next()) {
      try {
        const { message } = await this.#ask(frameOf(wish));
        this.#drop(wish);
        this.#changed(wish, message);
      } catch (refusal) {
        if (refusal.code === "connection_lost") break;
        if (refusal.code !== "no_answer") await this.#refuse(wish, refusal);
      }
    }
    this.#isRunning = false;
  }

  // What is no longer stored another tab has seen to, or a later click in it has replaced.
  #next() {
    for (const [key, wish] of this.#kept) {
      const stored = this.#unkept.has(key) ? wish : this.#stored(key);
      if (stored?.at === wish.at) continue;
      if (stored) this.#kept.set(key, stored);
      else this.#kept.delete(key);
      this.#changed(wish);
    }
    return [...this.#kept.values()].sort((a, b) => a.at - b.at)[0];
  }

  async #refuse(/** @type {any} */ wish, /** @type {{ code: string, detail: string, retryAfter: number | null }} */ { code, detail, retryAfter }) {
    wish.tries += 1;
    if (!MAY_PASS.has(code) || wish.tries > MOST_TRIES) {
      this.#drop(wish);
      this.#changed(wish);
      return this.#refused(wish, detail);
    }
    const until = elapsed() + 1000 * (retryAfter ?? NO_HINT_SECONDS);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, until - elapsed())));
  }

  // Another click may have followed while this one was on its way: that one stays.
  #drop(/** @type {any} */ wish) {
    if (this.#kept.get(keyOf(wish)) !== wish) return;
    this.#kept.delete(keyOf(wish));
    this.#store(keyOf(wish), null);
  }

  #store(/** @type {string} */ key, /** @type {any} */ wish) {
    try {
      if (wish) localStorage.setItem(this.#prefix + key, JSON.stringify(wish));
      else localStorage.removeItem(this.#prefix + key);
      this.#unkept.delete(key);
    } catch {
      this.#unkept.add(key); // Full or forbidden: it still goes out, it just does not survive a reload.
    }
  }

  #stored(/** @type {string} */ key) {
    try {
      return JSON.parse(localStorage.getItem(this.#prefix + key) ?? "null");
    } catch {
      return null;
    }
  }

  #load() {
    try {
      for (const name of Object.keys(localStorage)) {
        const key = name.startsWith(this.#prefix) && name.slice(this.#prefix.length);
        // Another tab may see to it at this moment.
        const wish = key && !this.#kept.has(key) && this.#stored(key);
        if (wish) this.#kept.set(key, wish);
      }
    } catch {
      // as above
    }
    this.#lastAt = Math.max(this.#lastAt, ...[...this.#kept.values()].map(({ at }) => at));
  }
}

const keyOf = (/** @type {{ message: number, emoji: string }} */ { message, emoji }) => `${message}.${emoji}`;

const frameOf = (/** @type {any} */ { channel, message, emoji, isOn }) => ({ op: isOn ? "reaction.add" : "reaction.remove", channel, message, emoji });

/** {emoji: [user id, …]} as it will be once all that the person has wished is done. */
export function wished(/** @type {Record<string, number[]>} */ reactions, /** @type {any[]} */ wishes, /** @type {number} */ me) {
  const found = { ...reactions };
  for (const { emoji, isOn } of wishes) {
    const others = (found[emoji] ?? []).filter((user) => user !== me);
    found[emoji] = isOn ? [...others, me] : others;
    if (!found[emoji].length) delete found[emoji];
  }
  return found;
}
