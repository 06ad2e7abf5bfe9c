/** Answers that are kept ready: `/code` at the beginning offers them, Tab, Enter or a click puts one in. */
import { make } from "../page/dom.js";

const CODE = /^\/([a-z0-9_-]*)$/;
const MOST = 8;

/** With the names put in. */
export const fill = (/** @type {string} */ body, /** @type {{ visitor: string, agent: string }} */ { visitor, agent }) =>
  body.replaceAll("{{visitor}}", visitor).replaceAll("{{agent}}", agent);

/** `offered()`: {code: body} for the open conversation; `put(body)` takes the chosen one. */
export class Canned {
  #box;
  #list;
  #offered;
  #put;
  #at = 0;

  constructor(/** @type {{ box: any, list: any, offered: () => Record<string, string>, put: (body: string) => void }} */ { box, list, offered, put }) {
    this.#box = box;
    this.#list = list;
    this.#offered = offered;
    this.#put = put;
    box.addEventListener("input", () => this.#show());
    box.addEventListener("keydown", (/** @type {any} */ event) => this.#key(event), true);
    box.addEventListener("blur", () => setTimeout(() => this.#hide(), 150));
    list.addEventListener("click", (/** @type {any} */ { target }) => this.#choose(target.closest("[data-code]")));
  }

  #found() {
    const typed = CODE.exec(this.#box.value)?.[1];
    if (typed == null) return [];
    return Object.entries(this.#offered()).filter(([code]) => code.includes(typed)).slice(0, MOST);
  }

  #show() {
    const found = this.#found();
    this.#at = 0;
    this.#list.replaceChildren(
      ...found.map(([code, body], place) =>
        make("li", { role: "option", data: { code }, "aria-selected": String(place === 0) }, make("b", { textContent: `/${code}` }), make("span", { textContent: body.replace(/\s+/g, " ") })),
      ),
    );
    this.#list.hidden = !found.length;
  }

  #hide() {
    this.#list.hidden = true;
  }

  #key(/** @type {any} */ event) {
    if (this.#list.hidden || event.isComposing) return;
    const rows = [...this.#list.children];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") this.#point(rows, this.#at + (event.key === "ArrowDown" ? 1 : -1));
    else if (event.key === "Escape") this.#hide();
    else if (event.key === "Tab" || (event.key === "Enter" && !event.ctrlKey && !event.metaKey)) this.#choose(rows[this.#at]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #point(/** @type {any[]} */ rows, /** @type {number} */ at) {
    this.#at = (at + rows.length) % rows.length;
    for (const [place, row] of rows.entries()) row.setAttribute("aria-selected", String(place === this.#at));
  }

  #choose(/** @type {any} */ row) {
    if (!row) return;
    this.#put(this.#offered()[row.dataset.code]);
    this.#hide();
  }
}
