/** Asks the server how many messages of a channel are unread, where nothing else can say it: one question at a time for each. */
const SPREAD_MS = 2_000; // all who were sent through the same gap would ask at once

export class Recount {
  #load;
  #counted;
  #asked = new Set();

  /** `load(id)` resolves to the channel as the server has it, `counted(channel)` takes it. */
  constructor(/** @type {{ load: Callback, counted: Callback }} */ { load, counted }) {
    this.#load = load;
    this.#counted = counted;
  }

  async ask(/** @type {number} */ id) {
    if (this.#asked.has(id)) return;
    this.#asked.add(id);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * SPREAD_MS));
    const channel = await this.#load(id).catch(/** @returns {any} */ () => null); // the next change, or hello, asks again
    this.#asked.delete(id);
    if (channel) this.#counted(channel);
  }
}
