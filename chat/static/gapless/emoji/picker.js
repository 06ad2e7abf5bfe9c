/** The picker of emoji: search, groups, what was chosen lately, skin tone, and keys that walk the grid. Comes when first asked for. */
import { make } from "../page/dom.js";
import { placeAt } from "../page/popup.js";
import { chooseTone, recent, remember, tone } from "./choices.js";
import { GROUPS, known, search, toned } from "./words.js";

export { named, toned } from "./words.js";

const MOST_FOUND = 120;
const TONES = ["✋", "✋🏻", "✋🏼", "✋🏽", "✋🏾", "✋🏿"];
const TONE_NAMES = ["Default skin tone", "Light skin tone", "Medium-light skin tone", "Medium skin tone", "Medium-dark skin tone", "Dark skin tone"];
const SIGNS = ["😀", "👋", "🐻", "🍎", "✈️", "⚽", "💡", "🔣", "🏁"];

/** @type {Picker | null} */
let picker = null;

/** Opens it at a rectangle of the window; `choose(text)` is called once, with the emoji that is chosen. */
export function pick(/** @type {DOMRect} */ place, /** @type {{ choose: Callback }} */ { choose }) {
  picker ??= new Picker();
  picker.open(place, choose);
}

class Picker {
  #search = make("input", { type: "search", "aria-label": "Search emoji", placeholder: "Search emoji", autocomplete: "off", spellcheck: false, enterKeyHint: "search" });
  #tones = make("div", { class: "picker-tones", role: "radiogroup", "aria-label": "Skin tone" });
  #tabs = make("div", { class: "picker-tabs", role: "toolbar", "aria-label": "Groups of emoji" });
  #grid = make("div", { class: "picker-grid", tabIndex: -1 });
  #note = make("p", { class: "picker-note", role: "status" });
  #box = make("div", { class: "picker", role: "dialog", "aria-label": "Emoji", popover: "auto" },
    make("div", { class: "picker-head" }, this.#search, this.#tones), this.#tabs, this.#grid, this.#note);
  /** @type {Callback} */ #choose = () => {};

  constructor() {
    document.body.append(this.#box);
    this.#tones.append(...TONES.map((sign, place) => make("button", { type: "button", role: "radio", "aria-label": TONE_NAMES[place], title: TONE_NAMES[place], textContent: sign, data: { tone: place } })));
    this.#tabs.append(...GROUPS.map(({ title }, place) => make("button", { type: "button", "aria-label": title, title, textContent: SIGNS[place], data: { group: place } })));
    this.#search.addEventListener("input", () => this.#draw());
    this.#tones.addEventListener("click", (/** @type {{ target: any }} */ { target }) => target.dataset.tone && this.#setTone(Number(target.dataset.tone)));
    this.#tones.addEventListener("keydown", (/** @type {any} */ event) => this.#walk(event, this.#tones, 1));
    this.#tabs.addEventListener("click", (/** @type {{ target: any }} */ { target }) => target.dataset.group && this.#toGroup(Number(target.dataset.group)));
    this.#tabs.addEventListener("keydown", (/** @type {any} */ event) => this.#walk(event, this.#tabs, 1));
    this.#grid.addEventListener("click", (/** @type {{ target: any }} */ { target }) => this.#chose(target.closest("[data-emoji]")?.dataset.emoji));
    this.#grid.addEventListener("keydown", (/** @type {any} */ event) => this.#walk(event, this.#grid, this.#columns));
    this.#grid.addEventListener("focusin", (/** @type {{ target: any }} */ { target }) => this.#show(target));
    this.#grid.addEventListener("pointerover", (/** @type {{ target: any }} */ { target }) => this.#show(target));
    this.#search.addEventListener("keydown", (/** @type {any} */ event) => this.#pressed(event));
  }

  open(/** @type {DOMRect} */ place, /** @type {Callback} */ choose) {
    this.#choose = choose;
    this.#search.value = "";
    this.#setTone(tone());
    this.#box.showPopover();
    placeAt(this.#box, place);
    this.#grid.scrollTop = 0;
    if (matchMedia("(hover: none)").matches) this.#grid.focus();
    else this.#search.focus();
  }

  #chose(/** @type {string | undefined} */ text) {
    if (!text) return;
    remember(text);
    const choose = this.#choose;
    this.#box.hidePopover();
    choose(text);
  }

  #setTone(/** @type {number} */ chosen) {
    chooseTone(chosen);
    for (const [place, button] of [...this.#tones.children].entries()) {
      button.setAttribute("aria-checked", String(place === chosen));
      button.tabIndex = place === chosen ? 0 : -1;
    }
    this.#draw();
  }

  #draw() {
    const asked = this.#search.value.trim();
    const lately = recent().map((text) => ({ text, name: known(text)?.name ?? text }));
    const groups = asked ? [{ title: "Found", emoji: this.#toned(search(asked, MOST_FOUND)) }]
      : [{ title: "Lately", emoji: lately }, ...GROUPS.map(({ title, emoji }) => ({ title, emoji: this.#toned(emoji) }))];
    this.#grid.replaceChildren(...groups.filter(({ emoji }) => emoji.length).map(sectionOf));
    this.#tabs.hidden = Boolean(asked);
    for (const [place, tab] of [...this.#tabs.children].entries()) tab.tabIndex = place ? -1 : 0;
    this.#note.textContent = asked && !this.#items.length ? `No emoji is called “${asked}”.` : "";
    if (this.#items[0]) this.#items[0].tabIndex = 0;
  }

  #toned(/** @type {import("./words.js").Emoji[]} */ emoji) {
    const chosen = tone();
    return emoji.map((each) => ({ text: toned(each, chosen), name: each.name }));
  }

  get #items() {
    return [...this.#grid.querySelectorAll("[data-emoji]")];
  }

  get #columns() {
    const [first, ...others] = this.#items;
    const next = others.findIndex((item) => item.offsetTop > first.offsetTop);
    return next < 0 ? others.length + 1 : next + 1;
  }

  #toGroup(/** @type {number} */ place) {
    const sections = [...this.#grid.querySelectorAll("section")];
    const section = sections[sections.length - GROUPS.length + place];
    section.scrollIntoView({ block: "start" });
    for (const tab of this.#tabs.children) tab.setAttribute("aria-pressed", String(tab.dataset.group === String(place)));
  }

  // The name of what is under the pointer or in focus stands below: pictures this small are easily confused.
  #show(/** @type {any} */ target) {
    const item = target.closest?.("[data-emoji]");
    if (item) this.#note.textContent = `${item.dataset.emoji} ${item.getAttribute("aria-label")}`;
  }

  #pressed(/** @type {KeyboardEvent} */ event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && this.#search.value.trim()) this.#chose(this.#items[0]?.dataset.emoji);
    else if (event.key === "ArrowDown") this.#items[0]?.focus();
    else return;
    event.preventDefault();
  }

  #walk(/** @type {KeyboardEvent} */ event, /** @type {any} */ among, /** @type {number} */ columns) {
    const stops = among === this.#grid ? this.#items : [...among.children];
    const index = stops.indexOf(document.activeElement);
    const steps = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -index, End: stops.length - 1 - index });
    const step = steps[event.key];
    if (step == null || index < 0) return;
    event.preventDefault();
    if (among === this.#grid && index + step < 0) return this.#search.focus();
    const next = stops[Math.max(0, Math.min(index + step, stops.length - 1))];
    for (const stop of stops) stop.tabIndex = stop === next ? 0 : -1;
    next.focus();
    if (among === this.#tones) this.#setTone(Number(next.dataset.tone));
  }
}

function sectionOf(/** @type {{ title: string, emoji: { text: string, name: string }[] }} */ { title, emoji }) {
  const buttons = emoji.map(({ text, name }) => make("button", { type: "button", tabIndex: -1, class: "emoji", "aria-label": name, textContent: text, data: { emoji: text } }));
  return make("section", { role: "group", "aria-label": title }, make("h3", { "aria-hidden": "true", textContent: title }), make("div", {}, ...buttons));
}
