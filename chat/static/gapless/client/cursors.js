/**
 * How far this person has got in each channel, `delivered` and `read`: forward only, told at most once a second.
 * Refuses to know who decides that something was read.
 */
const INTERVAL_MS = 1_000;

export class Cursors {
  #send;
  #wanted = new Map();
  #told = new Map();
  #timers = new Map();

  /** `send(frame)` returns false when nothing could be sent; the number is then kept for `resend`. */
  constructor(/** @type {Callback} */ send) {
    this.#send = send;
  }

  move(/** @type {string} */ op, /** @type {number} */ channel, /** @type {number} */ seq) {
    const key = `${op} ${channel}`;
    if (seq <= (this.#wanted.get(key) ?? 0)) return;
    this.#wanted.set(key, seq);
    if (!this.#timers.has(key)) this.#tell(key);
  }

  /** The numbers were of another log. */
  clear() {
    this.#wanted.clear();
  }

  /** After hello: what the server knows already, and again whatever it does not. */
  resend(/** @type {any} */ channels) {
    this.#told.clear();
    for (const { id, delivered_seq: delivered, read_seq: read } of channels) {
      this.#told.set(`delivered ${id}`, delivered);
      this.#told.set(`read ${id}`, read);
    }
    for (const key of this.#wanted.keys()) if (!this.#timers.has(key)) this.#tell(key);
  }

  #tell(/** @type {string} */ key) {
    const seq = this.#wanted.get(key);
    const [op, channel] = key.split(" ");
    if (seq <= (this.#told.get(key) ?? 0) || !this.#send({ op, channel: Number(channel), seq })) return;
    this.#told.set(key, seq);
    this.#timers.set(key, setTimeout(() => this.#timers.delete(key) && this.#tell(key), INTERVAL_MS));
  }
}
