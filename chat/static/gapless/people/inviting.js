/** A link that lets new people into a channel: made at the click, copied, shown, and taken back. One a channel while the page is open. */
import { post, remove } from "../page/api.js";
import { byId } from "../page/dom.js";

export class Inviting {
  #box = byId("inviting");
  #url = byId("inviting-url");
  #note = this.#box.querySelector("p");
  #revoke = this.#box.querySelector('[data-act="revoke"]');
  #invites = new Map(); // channel → {id, url, uses}
  /** @type {any} */ #channel = null;

  constructor() {
    this.#box.querySelector('[data-act="copy"]').addEventListener("click", () => this.#copy());
    this.#revoke.addEventListener("click", () => this.#takeBack());
    this.#url.addEventListener("focus", () => this.#url.select());
  }

  /** `channel`: null where nobody is invited. */
  offer(/** @type {Channel} */ channel) {
    this.#channel = document.body.dataset.invites === "yes" ? channel : null;
    this.#box.hidden = !this.#channel;
    this.#show("");
  }

  async #copy() {
    try {
      const invite = this.#invites.get(this.#channel.id) ?? (await post("invites/", { channels: [this.#channel.id] }));
      this.#invites.set(this.#channel.id, invite);
      const isCopied = await navigator.clipboard?.writeText(invite.url).then(() => true, () => false);
      this.#show(`${isCopied ? "Copied." : "Select the link, and copy it."} Up to ${invite.uses} people can use it, for a week.`);
      if (!isCopied) this.#url.select();
    } catch (problem) {
      this.#show(problem.detail);
    }
  }

  async #takeBack() {
    const { id } = this.#invites.get(this.#channel.id);
    try {
      await remove(`invites/${id}/`);
      this.#invites.delete(this.#channel.id);
      this.#show("Revoked: the link no longer works.");
    } catch (problem) {
      this.#show(problem.detail);
    }
  }

  #show(/** @type {string} */ sentence) {
    const invite = this.#channel && this.#invites.get(this.#channel.id);
    this.#note.textContent = sentence;
    this.#url.value = invite?.url ?? "";
    this.#url.hidden = !invite;
    this.#revoke.hidden = !invite;
  }
}
