/** What is attached to the message that is being written, above the box: how far each file is, and taking it out again. */
import { icon, make } from "../page/dom.js";
import { sizeText } from "./shown.js";

export class Tray {
  #place;
  #uploads;
  #changed;
  /** @type {Map<number | string, string[]>} */ #keys = new Map(); // channel → what is attached there
  /** @type {number | string} */ #channel = 0;

  /** `changed()` when there are more or fewer. */
  constructor(/** @type {{ place: any, uploads: any, changed: Callback }} */ { place, uploads, changed }) {
    this.#place = place;
    this.#uploads = uploads;
    this.#changed = changed;
    uploads.addEventListener("moved", () => this.#show());
    // The box keeps the focus, and a phone its keyboard: nothing moves under the finger.
    place.addEventListener("mousedown", (/** @type {any} */ event) => event.preventDefault());
    place.addEventListener("click", (/** @type {any} */ event) => this.#clicked(event));
  }

  open(/** @type {number | string} */ channel) {
    this.#channel = channel;
    this.#show();
  }

  get keys() {
    return this.#keys.get(this.#channel) ?? [];
  }

  add(/** @type {any[]} */ states) {
    this.#keys.set(this.#channel, [...this.keys, ...states.map(({ key }) => key)]);
    this.#show();
    this.#changed();
  }

  /** What the message takes along, in its order; the tray is empty then. */
  take() {
    const states = this.keys.map((key) => this.#uploads.state(key)).filter(Boolean);
    this.#keys.delete(this.#channel);
    this.#show();
    return states;
  }

  #clicked(/** @type {any} */ { target }) {
    const key = target.closest(".attached")?.dataset.key;
    if (!key) return;
    if (target.closest(".attached-again")) return this.#uploads.retry(key);
    if (!target.closest(".attached-out")) return;
    this.#uploads.cancel(key);
    this.#keys.set(this.#channel, this.keys.filter((other) => other !== key));
    this.#show();
    this.#changed();
  }

  #show() {
    const known = new Map([...this.#place.children].map((item) => [item.dataset.key, item]));
    const items = this.keys.map((key) => known.get(key) ?? itemOf(this.#uploads.state(key)));
    if (items.length !== known.size || items.some((item, place) => item !== this.#place.children[place])) this.#place.replaceChildren(...items);
    this.#place.hidden = !items.length;
    for (const item of items) fill(item, this.#uploads.state(item.dataset.key));
  }
}

function itemOf(/** @type {any} */ { key, name }) {
  const words = make("span", { class: "file-words" }, make("b", { class: "file-name", textContent: name }), make("span", { class: "attached-state" }), make("progress", { max: 1, "aria-label": `Sending ${name}` }));
  const again = make("button", { class: "link attached-again", type: "button", textContent: "Retry", hidden: true });
  const out = make("button", { class: "icon-button small attached-out", type: "button", "aria-label": `Take ${name} out`, title: "Take it out" }, icon("close"));
  return make("li", { class: "attached", data: { key } }, icon("file"), words, again, out);
}

function fill(/** @type {any} */ item, /** @type {any} */ state) {
  if (!state) return;
  item.classList.toggle("is-failed", state.isFailed);
  item.querySelector(".attached-again").hidden = !state.isFailed;
  const bar = item.querySelector("progress");
  bar.hidden = Boolean(state.whole) || state.isFailed;
  bar.value = state.size ? state.sent / state.size : 0;
  const far = state.whole ? sizeText(state.whole.size) : `${sizeText(state.sent)} of ${sizeText(state.size)}`;
  const said = state.detail ?? far;
  const place = item.querySelector(".attached-state");
  if (place.textContent !== said) place.textContent = said;
}
