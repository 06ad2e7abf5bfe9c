/** Who can be named in a channel while one writes: its members by name and username, those first who spoke there last. */
import { EVERYBODY } from "./calls.js";
import { loadMembers } from "./members.js";
import { nameOf } from "./names.js";
import { avatar, icon, make } from "../page/dom.js";

/** Within no word, as in an address of mail. */
export const NAME = /(?<![\p{L}\p{N}_@.+-])@([^\s@]{0,40})$/u;
const MOST = 8;
const FRESH_MS = 60_000;

export class Naming {
  #me;
  #speakers;
  #mayCallAll;
  #kept = { channel: 0, at: 0, members: /** @type {Promise<Member[]>} */ (Promise.resolve([])) };

  /** `speakers()`: who spoke in the open channel, the last one last. `mayCallAll(channel, members)`. */
  constructor(/** @type {{ me: Me, speakers: () => number[], mayCallAll: (channel: Channel, members: number) => boolean }} */ { me, speakers, mayCallAll }) {
    this.#me = me;
    this.#speakers = speakers;
    this.#mayCallAll = mayCallAll;
  }

  /** What `@word` may become in the channel. */
  async find(/** @type {Channel} */ channel, /** @type {string} */ word) {
    const members = await this.#members(channel);
    const wanted = fold(word);
    const recency = new Map(this.#speakers().map((id, place) => [id, place]));
    const last = (/** @type {Person} */ { id }) => recency.get(id) ?? -1;
    const people = members.map(({ user }) => user).filter((user) => user.id !== this.#me.id && namesOf(user).some((name) => name.startsWith(wanted)));
    people.sort((a, b) => last(b) - last(a) || nameOf(a).localeCompare(nameOf(b)));
    const all = this.#mayCallAll(channel, members.length) ? EVERYBODY.filter((name) => name.startsWith(wanted)) : [];
    return [...people.slice(0, MOST).map(choiceOf), ...all.map(choiceOfAll)];
  }

  #members(/** @type {Channel} */ { id }) {
    const now = performance.now();
    if (this.#kept.channel !== id || now - this.#kept.at > FRESH_MS) {
      const members = loadMembers(id);
      this.#kept = { channel: id, at: now, members };
      members.catch(() => (this.#kept.at = -FRESH_MS));
    }
    return this.#kept.members;
  }
}

const choiceOf = (/** @type {Person} */ person) => ({
  text: `@${person.username} `, parts: [avatar(person, { small: true }), make("b", { textContent: nameOf(person) }), make("span", { class: "suggestion-note", textContent: `@${person.username}` })],
});
const choiceOfAll = (/** @type {string} */ name) => ({
  text: `@${name} `, parts: [make("span", { class: "suggestion-sign" }, icon("people")), make("b", { textContent: `@${name}` }), make("span", { class: "suggestion-note", textContent: "Everybody in this channel" })],
});

const fold = (/** @type {string} */ text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
/** The username, and every word of the name. */
const namesOf = (/** @type {Person} */ person) => [fold(person.username), fold(nameOf(person)), ...fold(nameOf(person)).split(/\s+/)];
