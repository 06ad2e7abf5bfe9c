/** Who is typing: telling it of oneself, sparingly, and showing it of the others, for a moment. */
import { elapsed } from "../client/clock.js";

/** `thread`: of its root; null: in the channel itself. @typedef {{ channel: number, thread: number | null }} Place */

const TELL_MS = 3_000;
const SHOWN_MS = 6_000;
const SAY_MS = 30_000; // a screen reader hears of it once a conversation's turn, not at every key
const SPELLED_OUT = 2;

/** Tells the server that somebody writes in a channel or in one of its threads, at most every three seconds, and when they stop. */
export class Typist {
  #tell;
  /** @type {Place | null} */ #place = null;
  #toldAt = -Infinity;

  /** `tell(place, isTyping)` */
  constructor(/** @type {{ tell: Callback }} */ { tell }) {
    this.#tell = tell;
  }

  typed(/** @type {Place} */ place) {
    if (this.#place?.channel !== place.channel || this.#place.thread !== place.thread) this.stopped();
    if (elapsed() - this.#toldAt < TELL_MS) return;
    this.#place = place;
    this.#toldAt = elapsed();
    this.#tell(place, true);
  }

  /** The box was emptied, or another channel opened. */
  stopped() {
    if (this.#place == null) return;
    const isForgotten = elapsed() - this.#toldAt > SHOWN_MS;
    if (!isForgotten) this.#tell(this.#place, false);
    this.sent();
  }

  /** A message ends it by itself. */
  sent() {
    this.#place = null;
    this.#toldAt = -Infinity;
  }
}

/** The line under the messages. Each name stays six seconds unless it is heard again or its message comes. */
export class TypingLine {
  #line;
  #said;
  #until = new Map(); // user → when their name goes
  #uploading = new Set(); // who of them sends files
  #saidAt = -Infinity;
  /** @type {any} */ #timer = null;
  #nameOf;

  /** `line`: what is seen, and after it what is said. `nameOf(user)`: a name, or null when nobody knows it yet. */
  constructor(/** @type {any} */ line, /** @type {{ nameOf: Callback }} */ { nameOf }) {
    this.#line = line;
    this.#said = line.nextElementSibling;
    this.#nameOf = nameOf;
  }

  /** Everybody who is typing there now; `uploading`: who of them sends files. */
  take(/** @type {number[]} */ users, /** @type {number[]} */ uploading = []) {
    const until = elapsed() + SHOWN_MS;
    this.#uploading = new Set(uploading);
    this.#until = new Map(users.map((/** @type {any} */ user) => [user, until]));
    this.draw();
  }

  /** A message of theirs came. */
  ended(/** @type {any} */ user) {
    if (this.#until.delete(user)) this.draw();
  }

  clear() {
    this.take([]);
    this.#saidAt = -Infinity;
  }

  draw() {
    clearTimeout(this.#timer);
    const now = elapsed();
    for (const [user, until] of this.#until) if (until <= now) this.#until.delete(user);
    const users = [...this.#until.keys()];
    const text = sentence(users.map((user) => this.#nameOf(user) ?? "Somebody"), users.length > 0 && users.every((user) => this.#uploading.has(user)));
    this.#line.classList.toggle("is-on", Boolean(text));
    if (text) this.#line.lastElementChild.textContent = text;
    this.#say(text, now);
    if (this.#until.size) this.#timer = setTimeout(() => this.draw(), Math.min(...this.#until.values()) - now);
  }

  #say(/** @type {string} */ text, /** @type {number} */ now) {
    if (!text) this.#said.textContent = "";
    else if (now - this.#saidAt > SAY_MS) {
      this.#saidAt = now;
      this.#said.textContent = text;
    }
  }
}

function sentence(/** @type {any} */ names, /** @type {boolean} */ areUploading) {
  const what = areUploading ? "sending files…" : "typing…";
  if (!names.length) return "";
  if (names.length > SPELLED_OUT) return `Several people are ${what}`;
  return `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} ${what}`;
}
