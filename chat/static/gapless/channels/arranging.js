/** Where a channel stands in the person's own list: among the favourites, and under a heading of their own. */
import { patch } from "../page/api.js";
import { explain, open, say } from "../page/dialogs.js";
import { byId, make } from "../page/dom.js";

export class Arranging {
  #channels;
  #dialog = byId("section");
  #form = this.#dialog.querySelector("form");
  /** @type {Channel | null} */ #channel = null;

  constructor(/** @type {Channels} */ channels) {
    this.#channels = channels;
    this.#form.addEventListener("submit", (/** @type {any} */ event) => this.#save(event));
  }

  /** Whether `act` of the channel's menu is one of these, and says something new. */
  offers(/** @type {string} */ act, /** @type {Channel} */ channel) {
    if (act === "section") return true;
    return act === (channel.favourite ? "unfavour" : "favour");
  }

  do(/** @type {string} */ act, /** @type {Channel} */ channel) {
    if (act === "section") this.#ask(channel);
    else this.#favour(channel, act === "favour");
  }

  async #favour(/** @type {Channel} */ channel, /** @type {boolean} */ favourite) {
    this.#channels.put(Object.assign(channel, { favourite }));
    await patch(`channels/${channel.id}/membership/`, { favourite }).catch((problem) => {
      this.#channels.put(Object.assign(channel, { favourite: !favourite }));
      say(`Not changed. ${problem.detail}`);
    });
  }

  #ask(/** @type {Channel} */ channel) {
    this.#channel = channel;
    this.#form.elements.section.value = channel.section ?? "";
    const headings = [...new Set(this.#channels.all().map((/** @type {Channel} */ { section }) => section))].filter(Boolean);
    byId("section-headings").replaceChildren(...headings.map((value) => make("option", { value })));
    explain(this.#form, {});
    open(this.#dialog);
  }

  async #save(/** @type {any} */ event) {
    event.preventDefault();
    try {
      this.#channels.put(await patch(`channels/${this.#channel?.id}/membership/`, { section: this.#form.elements.section.value.trim() }));
      this.#dialog.close();
    } catch ({ errors, detail }) {
      explain(this.#form, errors, detail);
    }
  }
}
