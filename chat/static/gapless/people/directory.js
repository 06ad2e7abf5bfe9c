/** Everybody whom the page has met, by id; what they are called is in `names`. */
import { nameOf } from "./names.js";

export class Directory {
  #people = new Map();
  #asked = new Set();
  #load;

  /** `load(channel)` resolves to its members. */
  constructor(/** @type {{ load: Callback }} */ { load }) {
    this.#load = load;
  }

  take(/** @type {Person[]} */ people) {
    for (const person of people) if (person) this.#people.set(person.id, person);
  }

  usernameOf(/** @type {number} */ id) {
    return this.#people.get(id)?.username ?? null;
  }

  nameOf(/** @type {number} */ id) {
    return nameOf(this.#people.get(id)) || null;
  }

  /** Makes sure that these people of a channel have names; asks for its members once, when one has none: true when it did. */
  async learn(/** @type {number} */ channel, /** @type {number[]} */ users) {
    if (users.every((/** @type {any} */ user) => this.#people.has(user)) || this.#asked.has(channel)) return false;
    this.#asked.add(channel);
    const members = await this.#load(channel).catch(/** @returns {any} */ () => this.#asked.delete(channel) && []);
    this.take(members.map((/** @type {{ user: any }} */ { user }) => user));
    return members.length > 0;
  }
}
