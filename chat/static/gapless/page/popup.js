/** A menu that pops up where it was asked for: place, focus and keys. Refuses to know what its items do. */
import { byId, isNarrow } from "./dom.js";

export class Popup {
  #menu;

  /** `chose(act)` is called with the `data-act` of an item, after the menu is gone. */
  constructor(/** @type {string} */ id, /** @type {Callback} */ chose) {
    this.#menu = byId(id);
    this.#menu.addEventListener("click", (/** @type {{ target: any }} */ { target }) => {
      const item = target.closest("button[data-act]");
      if (!item) return;
      this.close();
      chose(item.dataset.act);
    });
    this.#menu.addEventListener("keydown", (/** @type {any} */ event) => this.#pressed(event));
  }

  get isOpen() {
    return this.#menu.matches(":popover-open");
  }

  /** At a rectangle of the window; `offers(act)` says which items there are. */
  open(/** @type {{ left: number, bottom: number, top: number }} */ { left, bottom, top }, /** @type {Callback} */ offers) {
    for (const item of this.#menu.querySelectorAll("[data-act]")) item.hidden = !offers(item.dataset.act);
    this.#menu.showPopover();
    placeAt(this.#menu, { left, bottom, top });
    this.#items[0]?.focus();
  }

  close() {
    if (this.isOpen) this.#menu.hidePopover();
  }

  get #items() {
    return [...this.#menu.querySelectorAll('[role^="menuitem"]')].filter((item) => item.checkVisibility());
  }

  #pressed(/** @type {any} */ event) {
    const items = this.#items;
    const index = items.indexOf(document.activeElement);
    const next = /** @type {Record<string, number>} */ ({ ArrowDown: index + 1, ArrowUp: index - 1, ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: items.length - 1 })[event.key];
    if (event.key === "Tab") this.close();
    if (next == null) return;
    event.preventDefault();
    items.at(next % items.length).focus();
  }
}

/** Puts what is open below a rectangle of the window, or above it where there is no room; on a phone it has its place at the edge. */
export function placeAt(/** @type {any} */ box, /** @type {{ left: number, bottom: number, top: number }} */ { left, bottom, top }) {
  if (isNarrow()) return;
  const { width, height } = box.getBoundingClientRect();
  const y = bottom + height + 8 < innerHeight ? bottom + 4 : Math.max(8, Math.min(top, innerHeight) - height - 4);
  box.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 12))}px`;
  box.style.top = `${y}px`;
}
