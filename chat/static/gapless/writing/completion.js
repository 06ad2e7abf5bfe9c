/**
 * What the word before the caret may become, as a list over the box to write in: `@name`, `:name:`. Place, keys, touch and what
 * is said aloud. Refuses to know what can be completed: each kind says what begins it, and what there is.
 */
import { isTouch, make } from "../page/dom.js";
import { plural } from "../page/format.js";

/** @typedef {{ text: string, parts: (Node | string)[] }} Choice `text` takes the word's place; `parts` are what is drawn */
/** @typedef {{ pattern: RegExp, find: (word: string) => Choice[] | Promise<Choice[]> }} Kind `pattern`: its first group is the word, which ends at the caret */

export class Completion {
  #box;
  #list;
  #note;
  #kinds;
  /** @type {Choice[]} */ #choices = [];
  #active = 0;
  #start = 0; // where in the box the word begins
  #asked = 0;

  /** `list` and `note` are drawn into; `kinds` may grow later. */
  constructor(/** @type {{ box: any, list: any, note: any, kinds: Kind[] }} */ { box, list, note, kinds }) {
    this.#box = box;
    this.#list = list;
    this.#note = note;
    this.#kinds = kinds;
    box.setAttribute("aria-autocomplete", "list");
    box.addEventListener("input", (/** @type {InputEvent} */ event) => event.isComposing || this.#look());
    // Before the box itself hears of a key.
    box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#pressed(event), { capture: true });
    box.addEventListener("blur", () => this.close());
    box.form?.addEventListener("submit", () => this.close());
    document.addEventListener("selectionchange", () => this.isOpen && box.selectionStart < this.#start && this.close());
    // The box keeps the focus, and a phone its keyboard.
    list.addEventListener("pointerdown", (/** @type {Event} */ event) => event.preventDefault());
    list.addEventListener("click", (/** @type {Event} */ { target }) => this.#choose(/** @type {any} */ (target).closest("[role=option]")?.dataset.place));
  }

  get isOpen() {
    return this.#choices.length > 0;
  }

  close() {
    this.#asked += 1;
    if (!this.isOpen) return;
    this.#choices = [];
    this.#list.hidden = true;
    this.#list.replaceChildren();
    this.#note.textContent = "";
    for (const name of ["aria-controls", "aria-activedescendant"]) this.#box.removeAttribute(name);
  }

  async #look() {
    const asked = ++this.#asked;
    const found = await this.#found();
    if (asked !== this.#asked) return;
    if (found?.choices.length) this.#show(found.start, found.choices);
    else this.close();
  }

  async #found() {
    const { value, selectionStart, selectionEnd } = this.#box;
    if (selectionStart !== selectionEnd) return null;
    for (const { pattern, find } of this.#kinds) {
      const match = pattern.exec(value.slice(0, selectionStart));
      // What can't be had now is not offered.
      const choices = match ? await Promise.resolve(find(match[1])).catch(/** @returns {Choice[]} */ () => []) : [];
      if (match && choices.length) return { start: match.index, choices };
    }
    return null;
  }

  #show(/** @type {number} */ start, /** @type {Choice[]} */ choices) {
    const wasOpen = this.isOpen;
    this.#start = start;
    this.#choices = choices;
    this.#list.replaceChildren(...choices.map(({ parts }, place) => make("li", { class: "suggestion", role: "option", id: `${this.#list.id}-${place}`, data: { place } }, ...parts)));
    this.#list.hidden = false;
    this.#box.setAttribute("aria-controls", this.#list.id);
    this.#activate(0);
    if (!wasOpen) this.#note.textContent = plural(choices.length, "suggestion");
  }

  #activate(/** @type {number} */ place) {
    this.#active = place;
    for (const [index, option] of [...this.#list.children].entries()) option.setAttribute("aria-selected", String(index === place));
    this.#list.children[place].scrollIntoView({ block: "nearest" });
    this.#box.setAttribute("aria-activedescendant", this.#list.children[place].id);
  }

  #pressed(/** @type {KeyboardEvent} */ event) {
    if (!this.isOpen || event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1 })[event.key];
    const mayChoose = event.key === "Tab" || (event.key === "Enter" && !isTouch());
    if (step) this.#activate((this.#active + step + this.#choices.length) % this.#choices.length);
    else if (event.key === "Escape") this.close();
    else if (mayChoose && !event.shiftKey && !this.#isTyped(event.key)) this.#choose(this.#active);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  // The whole word is there already: Enter sends.
  #isTyped(/** @type {string} */ key) {
    const typed = this.#box.value.slice(this.#start, this.#box.selectionStart).toLowerCase();
    return key === "Enter" && this.#choices[this.#active].text.trim().toLowerCase() === typed;
  }

  #choose(/** @type {number | string | undefined} */ place) {
    const choice = this.#choices[Number(place ?? -1)];
    if (!choice) return;
    this.#box.focus();
    this.#box.setRangeText(choice.text, this.#start, this.#box.selectionStart, "end");
    this.#box.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertReplacementText" }));
    this.close();
  }
}
