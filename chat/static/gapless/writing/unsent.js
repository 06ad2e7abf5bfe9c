/** The line above the box that says how many messages of the open channel could not be sent, and sends them all again. */
import { byId } from "../page/dom.js";
import { plural } from "../page/format.js";

export class Unsent {
  #line = byId("unsent");
  #drafts;

  /** `drafts()` of the open channel; `retry(draft)` sends one again. */
  constructor(/** @type {{ drafts: Callback, retry: Callback }} */ { drafts, retry }) {
    this.#drafts = drafts;
    this.#line.querySelector("button").addEventListener("click", () => this.#failed.forEach(retry));
  }

  show() {
    const { length } = this.#failed;
    this.#line.hidden = length < 2;
    this.#line.querySelector("span").textContent = length < 2 ? "" : `${plural(length, "message")} could not be sent.`;
  }

  get #failed() {
    return this.#drafts().filter((/** @type {{ state: any }} */ { state }) => state === "failed");
  }
}
