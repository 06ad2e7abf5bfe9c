/** Everybody whom the page has met, by id; what they are called is in `names`. */
import { nameOf } from "./names.js";

export class Directory {
  #people = new Map();
  #asked = new Set();
  #load;

  /** `load(channel)` resolves to its members. */
  constructor({ load }) {
    this.#load = load;
  }

  take(people) {
    for (const person of people) if (person) this.#people.set(person.id, person);
  }

  nameOf(id) {
    return nameOf(this.#people.get(id)) || null;
  }

  /** Makes sure that these people of a channel have names; asks for its members once, when one has none. */
  async learn(channel, users) {
    if (users.every((user) => this.#people.has(user)) || this.#asked.has(channel)) return;
    this.#asked.add(channel);
    const members = await this.#load(channel).catch(() => this.#asked.delete(channel) && []);
    this.take(members.map(({ user }) => user));
  }
}
