/** Whom the person has blocked, as the server says it: the acts, and the list in which a block is ended. Emits `changed`. */
import { getAll, post, remove } from "../page/api.js";
import { ask, open, say } from "../page/dialogs.js";
import { byId, make } from "../page/dom.js";
import { nameParts } from "./people.js";

export class Blocks extends EventTarget {
  #blocked;
  #dialog = byId("blocked");
  #list = this.#dialog.querySelector("ul");
  #note = this.#dialog.querySelector(".dialog-note");

  /** `ids` of those who are blocked when the page comes. */
  constructor(/** @type {number[]} */ ids) {
    super();
    this.#blocked = new Set(ids);
  }

  has(/** @type {number | undefined} */ id) {
    return id != null && this.#blocked.has(id);
  }

  /** All of them, as they are now. */
  take(/** @type {number[]} */ ids) {
    const isSame = ids.length === this.#blocked.size && ids.every((/** @type {number} */ id) => this.#blocked.has(id));
    if (isSame) return;
    this.#blocked = new Set(ids);
    this.dispatchEvent(new CustomEvent("changed"));
    if (this.#dialog.open) this.#load();
  }

  block(/** @type {Person} */ { id, display_name: name }) {
    ask({
      title: `Block ${name}?`,
      text: "You can't send each other direct messages any more. Their messages in channels are collapsed and do not notify you. They are not told, but notice it when they write to you.",
      action: "Block",
      act: async () => {
        await post("blocks/", { user: id });
        this.take([...this.#blocked, id]);
      },
    });
  }

  async unblock(/** @type {Person} */ { id, display_name: name }) {
    try {
      await remove(`blocks/${id}/`);
      this.take([...this.#blocked].filter((other) => other !== id));
      say(`You have unblocked ${name}.`);
    } catch (problem) {
      say(`Not unblocked. ${problem.detail}`);
    }
  }

  /** The list of them. */
  open() {
    this.#list.replaceChildren();
    this.#note.textContent = "";
    open(this.#dialog);
    this.#load();
  }

  async #load() {
    try {
      const blocks = await getAll("blocks/");
      this.#list.replaceChildren(...blocks.map(({ user }) => this.#line(user)));
      this.#note.textContent = blocks.length ? "" : "You have blocked nobody.";
    } catch (problem) {
      this.#note.textContent = problem.detail;
    }
  }

  #line(/** @type {any} */ user) {
    const button = make("button", {
      class: "button small", type: "button", textContent: "Unblock", "aria-label": `Unblock ${user.display_name}`, on: { click: () => this.unblock(user) },
    });
    return make("li", { class: "line" }, ...nameParts(user), button);
  }
}
