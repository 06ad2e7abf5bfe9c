/** Reads new messages of the open channel to screen readers, in batches, so that a busy minute is one sentence. */
import { plain } from "../markdown/plain.js";
import { byId } from "../page/dom.js";
import { plural } from "../page/format.js";
import { nameOf } from "../people/names.js";

const BATCH_MS = 1_500;
const SPELLED_OUT = 3;

export class Announcer {
  #place = byId("announcer");
  /** @type {Message[]} */ #waiting = [];
  /** @type {any} */ #timer = null;

  take(/** @type {Message[]} */ messages) {
    this.#waiting.push(...messages);
    if (this.#waiting.length) this.#timer ??= setTimeout(() => this.#speak(), BATCH_MS);
  }

  /** Another channel was opened: nothing of the old one is said any more. */
  hush() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting = [];
    this.#place.textContent = "";
  }

  #speak() {
    const messages = this.#waiting;
    this.hush();
    const spoken = messages.slice(-SPELLED_OUT).map(({ sender, kind, body }) => `${nameOf(sender)}: ${kind === "text" ? plain(body) : body}`);
    const rest = messages.length - spoken.length;
    this.#place.textContent = [rest > 0 ? `${plural(rest, "new message")}, then` : "", ...spoken].filter(Boolean).join(". ");
  }
}
