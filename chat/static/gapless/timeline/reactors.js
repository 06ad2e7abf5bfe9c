/** Who has reacted with an emoji: beside its chip, while a pointer or the focus is on it, or after a long press of a finger. */
import { make } from "../page/dom.js";
import { sentence } from "../page/format.js";

const HOVER_MS = 350;
const LONG_PRESS_MS = 450;

export class Reactors {
  #tip = make("div", { class: "reactors", role: "tooltip", popover: "manual" });
  #namesOf;
  /** @type {any} */ #chip = null;
  /** @type {any} */ #timer = null;
  #isPressed = false;

  /** `namesOf(chip)` resolves to names, null for who is not known any more. */
  constructor(/** @type {{ list: any, namesOf: Callback }} */ { list, namesOf }) {
    this.#namesOf = namesOf;
    this.#tip.id = `reactors-${list.id}`;
    document.body.append(this.#tip);
    list.addEventListener("pointerover", (/** @type {any} */ event) => event.pointerType === "mouse" && this.#soon(event.target.closest(".reaction"), HOVER_MS));
    list.addEventListener("pointerdown", (/** @type {any} */ event) => event.pointerType !== "mouse" && this.#press(event.target.closest(".reaction")));
    for (const name of ["pointerup", "pointercancel", "pointerleave"]) list.addEventListener(name, (/** @type {any} */ event) => event.pointerType === "mouse" ? name === "pointerleave" && this.#hide() : clearTimeout(this.#timer));
    list.addEventListener("focusin", (/** @type {any} */ event) => event.target.matches(".reaction:focus-visible") && this.#soon(event.target, 0));
    list.addEventListener("focusout", () => this.#hide());
    list.closest(".timeline").addEventListener("scroll", () => this.#hide(), { passive: true });
    addEventListener("keydown", ({ key }) => key === "Escape" && this.#hide());
    // Before the chip itself hears of it: what it begins then is not ended here.
    addEventListener("pointerdown", ({ target }) => target !== this.#chip && this.#hide(), { capture: true });
  }

  /** True when the click that is under way ends a press that has shown the names. */
  tookPress() {
    const was = this.#isPressed;
    this.#isPressed = false;
    return was;
  }

  /** The reactions may be others now. */
  refresh() {
    if (this.#chip?.isConnected) this.#show(this.#chip);
    else this.#hide();
  }

  #press(/** @type {any} */ chip) {
    this.#isPressed = false;
    if (!chip) return;
    this.#soon(chip, LONG_PRESS_MS, () => {
      navigator.vibrate?.(10);
      this.#isPressed = true;
    });
  }

  #soon(/** @type {any} */ chip, /** @type {number} */ ms, before = () => {}) {
    clearTimeout(this.#timer);
    if (chip === this.#chip) return;
    this.#hide();
    if (chip) this.#timer = setTimeout(() => (before(), this.#show(chip)), ms);
  }

  async #show(/** @type {any} */ chip) {
    this.#chip = chip;
    const names = await this.#namesOf(chip);
    if (this.#chip !== chip || !chip.isConnected || !names.length) return this.#hide();
    this.#tip.replaceChildren(make("span", { class: "emoji", textContent: chip.dataset.emoji }), make("span", { dir: "auto", textContent: sentence(names) }));
    chip.setAttribute("aria-describedby", this.#tip.id);
    this.#tip.showPopover();
    this.#place(chip.getBoundingClientRect());
  }

  #place(/** @type {DOMRect} */ chip) {
    const { width, height } = this.#tip.getBoundingClientRect();
    this.#tip.style.left = `${Math.max(8, Math.min(chip.left + chip.width / 2 - width / 2, innerWidth - width - 8))}px`;
    this.#tip.style.top = `${chip.top - height - 6 > 8 ? chip.top - height - 6 : chip.bottom + 6}px`;
  }

  #hide() {
    clearTimeout(this.#timer);
    this.#chip?.removeAttribute("aria-describedby");
    this.#chip = null;
    this.#tip.hidePopover();
  }
}
