/**
 * The number held in each channel, and whether a frame follows on from it: the proof that nothing was missed.
 * Knows numbers only; refuses to know what a change says or how it arrived.
 */
export class Heads {
  #held;
  #heard = new Map(); // the largest number heard of, held or not
  #syncing = new Set();
  #refused = new Set(); // there is no place for us at the moment: what is held is kept for when there is

  /** `held`: {channel id: number} that the page already shows. */
  constructor(held = {}) {
    this.#held = new Map(Object.entries(held).map(([channel, head]) => [Number(channel), head]));
  }

  get(/** @type {number} */ channel) {
    return this.#held.get(channel);
  }

  hold(/** @type {number} */ channel, /** @type {number} */ head) {
    this.#held.set(channel, head);
  }

  forget(/** @type {number} */ channel) {
    this.#held.delete(channel);
    this.#heard.delete(channel);
    this.#syncing.delete(channel);
    this.#refused.delete(channel);
  }

  /** The server has no place for this connection in the channel, and tells nothing of it for now. */
  refuse(/** @type {number} */ channel) {
    this.#refused.add(channel);
  }

  /** The person is in the channel, which stands at `head`. True: what is shown must be loaded afresh. */
  welcome(/** @type {number} */ channel, /** @type {number} */ head, /** @type {{ isReplayed: boolean }} */ { isReplayed }) {
    const wasRefused = this.#refused.delete(channel);
    const held = this.#held.get(channel);
    if (held != null && (isReplayed || !wasRefused)) return false;
    this.hold(channel, head);
    return held != null && held < head;
  }

  /** The answer to a sync leaves the channel out. */
  miss(/** @type {number} */ channel) {
    if (this.#refused.has(channel)) this.#syncing.delete(channel);
    else this.forget(channel);
  }

  /** For hello: what to ask for, {channel: held}. Channels that are gone are forgotten, new ones start at their head. */
  open(/** @type {any} */ channels) {
    const present = new Set(channels.map((/** @type {{ id: number }} */ { id }) => id));
    for (const channel of [...this.#held.keys()]) if (!present.has(channel)) this.forget(channel);
    for (const { id, head } of channels) if (!this.#held.has(id)) this.hold(id, head);
    this.#heard.clear();
    this.#refused = new Set(channels.filter((/** @type {{ refused: any }} */ { refused }) => refused).map((/** @type {{ id: number }} */ { id }) => id));
    this.#syncing = present;
    return Object.fromEntries(this.#held);
  }

  /** True when the batch is the next one, which is then held. False: known already, a gap, or no channel of ours. */
  accept(/** @type {{ channel: number, after: number, head: number }} */ { channel, after, head }) {
    this.hear(channel, head);
    if (this.#held.get(channel) !== after || head <= after) return false;
    this.hold(channel, head);
    return true;
  }

  hear(/** @type {number} */ channel, /** @type {number} */ head) {
    if (head > (this.#heard.get(channel) ?? 0)) this.#heard.set(channel, head);
  }

  /** The gaps to ask for now, {channel: held}: none for a channel whose last question is still open. */
  ask() {
    /** @type {Record<string, number>} */
    const wanted = {};
    for (const [channel, heard] of this.#heard) {
      const held = this.#held.get(channel);
      if (held == null || heard <= held || this.#syncing.has(channel)) continue;
      this.#syncing.add(channel);
      wanted[channel] = held;
    }
    return wanted;
  }

  /** The question for these channels failed; it may be asked again. */
  release(/** @type {any} */ channels) {
    for (const channel of channels) this.#syncing.delete(Number(channel));
  }

  /** Takes the `ok` of a sync for one channel. True: what is shown must be loaded afresh. */
  settle(/** @type {number} */ channel, /** @type {number} */ before, /** @type {{ head: number, resync?: any }} */ { head, resync = false }) {
    this.#syncing.delete(channel);
    const held = this.#held.get(channel);
    if (held == null) return false;
    const mustReload = resync || held < head;
    if (mustReload) this.hold(channel, head);
    // No progress although more was announced: wait for the next heartbeat instead of asking in a circle.
    else if (held === before) this.#heard.set(channel, held);
    return mustReload;
  }
}

const AROUND_HEADS = 200; // bytes of a sync beside its heads, at most

/** Heads in several parts, each of which fits into a frame of so many bytes. */
export function split(/** @type {any} */ held, /** @type {number} */ mostBytes) {
  /** @type {Record<string, number>} */
  let frame = {};
  const frames = [frame];
  let room = mostBytes - AROUND_HEADS;
  for (const [channel, head] of Object.entries(held)) {
    const size = `"${channel}":${head},`.length;
    if (size > room) {
      frame = {};
      frames.push(frame);
      room = mostBytes - AROUND_HEADS;
    }
    room -= size;
    frame[channel] = head;
  }
  return frames;
}
