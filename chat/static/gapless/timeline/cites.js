/**
 * What links to messages cite, as small cards under the row that has them; a link to what the reader may not see stays a link.
 * All cards are of one height, and the card of what the reader is sure to see has its place before it comes: nothing moves then.
 * Asks for what is not known in one question for all that stands on screen, and keeps it for as long as the page lives.
 */
import { titleOf } from "../channels/channels.js";
import { lineOf } from "../files/line.js";
import { filesLine } from "../files/named.js";
import { avatar, make } from "../page/dom.js";
import { fullTime, shortName } from "../page/format.js";
import { placeOf } from "../page/router.js";
import { paintName } from "../people/names.js";

const MOST_A_ROW = 3;
const MOST_ASKED = 50;
const LETTERS = 240;

/** @typedef {{ channel: number, seq: number }} Place */

export class Cites {
  /** @type {Map<string, Message | null>} */ #known = new Map(); // null: not to be seen
  /** @type {Map<string, Place>} */ #wanted = new Map();
  /** @type {string[]} */ #missed = []; // not to be had when they were asked for
  #load;
  #channelOf;
  #titleOf;
  #isFolded;
  #came;

  /** `load(places)` resolves to messages; `channelOf(id)`; `isFolded(message)`: of somebody blocked; `came()` when rows can show more. */
  constructor(/** @type {{ load: (places: Place[]) => Promise<Message[]>, channelOf: (id: number) => any, isFolded: (message: Message) => boolean, came: () => void }} */ { load, channelOf, isFolded, came }) {
    this.#load = load;
    this.#channelOf = channelOf;
    this.#titleOf = (/** @type {number} */ id) => (channelOf(id) ? titleOf(channelOf(id)) : "");
    this.#isFolded = isFolded;
    this.#came = came;
  }

  show(/** @type {any} */ row) {
    const box = row.querySelector(".cites");
    const places = placesIn(row);
    const cards = places.map((place) => this.#cardOf(place)).filter((card) => card !== null);
    box.replaceChildren(...cards);
    box.hidden = !cards.length;
    for (const place of places) if (!this.#known.has(keyOf(place))) this.#want(place);
  }

  /** Messages as they are now: what is cited of them is out of date. True when something was. */
  take(/** @type {Message[]} */ messages) {
    const cited = messages.filter((message) => this.#known.has(keyOf(message)));
    for (const message of cited) this.#known.set(keyOf(message), message);
    return cited.length > 0;
  }

  /** What can be seen of a channel has changed: it is asked for again. */
  forget(/** @type {number} */ channel) {
    for (const key of this.#known.keys()) if (key.startsWith(`${channel}.`)) this.#known.delete(key);
  }

  /** What could not be had is asked for again. */
  retry() {
    for (const key of this.#missed) this.#known.delete(key);
    this.#missed = [];
  }

  #cardOf(/** @type {Place} */ place) {
    const message = this.#known.get(keyOf(place));
    if (message) return this.#isFolded(message) ? null : this.#card(message);
    return message !== null && place.seq <= (this.#channelOf(place.channel)?.head ?? 0) ? make("span", { class: "cite" }) : null;
  }

  #want(/** @type {Place} */ place) {
    if (!this.#wanted.size) setTimeout(() => this.#ask());
    this.#wanted.set(keyOf(place), place);
  }

  async #ask() {
    const places = [...this.#wanted.values()].slice(0, MOST_ASKED);
    const messages = await this.#load(places).catch(/** @returns {null} */ () => null);
    for (const place of places) this.#wanted.delete(keyOf(place));
    for (const place of places) this.#known.set(keyOf(place), null);
    // Not to be had now: the links stay links until there is a connection again.
    if (!messages) this.#missed.push(...places.map(keyOf));
    for (const message of messages ?? []) this.#known.set(keyOf(message), message);
    if (this.#wanted.size) setTimeout(() => this.#ask());
    this.#came();
  }

  #card(/** @type {Message} */ message) {
    const { sender, channel, seq, created_at: createdAt } = message;
    const at = new Date(createdAt);
    const head = make("span", { class: "cite-head" }, avatar(sender, { small: true }), paintName(make("b"), sender),
      make("span", { data: { titleOf: channel }, textContent: this.#titleOf(channel) }), make("time", { dateTime: createdAt, title: fullTime(at), textContent: shortName(at) }));
    const text = make("span", { class: "cite-text", dir: "auto", textContent: excerptOf(message) });
    text.classList.toggle("is-gone", Boolean(message.deleted_at));
    return make("a", { class: "cite", href: `/c/${channel}/m/${seq}`, tabIndex: -1 }, head, text, message.body ? filesLine(message) : null);
  }
}

const keyOf = (/** @type {Place} */ { channel, seq }) => `${channel}.${seq}`;

/** @returns {Place[]} */
function placesIn(/** @type {any} */ row) {
  const places = [...row.querySelectorAll(".body a")].map((link) => placeOf(link.href)).filter((place) => place !== null);
  return [...new Map(places.map((place) => [keyOf(place), place])).values()].slice(0, MOST_A_ROW);
}

function excerptOf(/** @type {Message} */ message) {
  if (message.deleted_at) return "Message deleted";
  const text = lineOf(message);
  return text.length > LETTERS ? `${text.slice(0, LETTERS)}…` : text;
}
