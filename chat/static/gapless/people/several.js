/** Choosing several people at once, where that is offered: who has been chosen, and the button that ends it. */
import { byId } from "../page/dom.js";
import { sentence } from "../page/format.js";
import { nameOf } from "./names.js";

export class Several {
  #offer = byId("people-several");
  #foot = byId("people-chosen");
  #names = this.#foot.querySelector("p");
  #start = this.#foot.querySelector("button");
  /** @type {Map<number, Person>} */ #chosen = new Map();
  /** @type {Callback | null} */ #end = null;
  isOn = false;

  /** `began()`: from now on several are chosen. */
  constructor(/** @type {{ began: Callback }} */ { began }) {
    this.#offer.addEventListener("click", () => {
      this.#turn(true);
      began();
    });
    this.#start.addEventListener("click", () => this.#end?.([...this.#chosen.values()]));
  }

  /** `end(people)`: with all who were chosen; null where there can be only one. */
  offer(/** @type {Callback | null} */ end, { isOn = false } = {}) {
    this.#end = end;
    this.#chosen.clear();
    this.#turn(isOn);
  }

  has(/** @type {number} */ id) {
    return this.#chosen.has(id);
  }

  /** In, or out again. */
  toggle(/** @type {Person} */ person) {
    if (!this.#chosen.delete(person.id)) this.#chosen.set(person.id, person);
    this.#draw();
  }

  #turn(/** @type {boolean} */ isOn) {
    this.isOn = isOn;
    this.#offer.hidden = isOn || !this.#end;
    this.#foot.hidden = !isOn;
    this.#draw();
  }

  #draw() {
    const names = [...this.#chosen.values()].map(nameOf);
    this.#names.textContent = names.length ? sentence(names) : "Nobody chosen yet.";
    this.#start.disabled = !names.length;
  }
}
