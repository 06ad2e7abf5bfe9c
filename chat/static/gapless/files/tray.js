/**
 * What is attached to the message that is being written, above the box: how far each file is, and taking it out again. It survives a
 * reload of its tab, as what is written beside it does.
 */
import { icon, make } from "../page/dom.js";
import { showPreview } from "./preview.js";
import { sizeText } from "./shown.js";

export class Tray {
  #place;
  #uploads;
  #changed;
  #name;
  /** @type {Map<number | string, string[]>} */ #keys = new Map(); // channel → what is attached there
  /** @type {number | string} */ #channel = 0;

  /** `changed()` when there are more or fewer; `name`: by which the tab keeps it. */
  constructor(/** @type {{ place: any, uploads: any, changed: Callback, name: string }} */ { place, uploads, changed, name }) {
    this.#place = place;
    this.#uploads = uploads;
    this.#changed = changed;
    this.#name = name;
    this.#load();
    uploads.addEventListener("moved", (/** @type {any} */ { detail: { key } }) => {
      this.#show();
      if ([...this.#keys.values()].flat().includes(key)) this.#store();
    });
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
    this.#keep([...this.keys, ...states.map(({ key }) => key)]);
    this.#changed();
  }

  /** What the message takes along, in its order, as a draft keeps it; the tray is empty then. */
  take() {
    const states = this.#kept(this.keys);
    this.#keep([]);
    return states;
  }

  #keep(/** @type {string[]} */ keys) {
    if (keys.length) this.#keys.set(this.#channel, keys);
    else this.#keys.delete(this.#channel);
    this.#show();
    this.#store();
  }

  #kept(/** @type {string[]} */ keys) {
    const states = keys.map((key) => this.#uploads.state(key)).filter(Boolean);
    return states.map(({ key, name, size, type, id, whole }) => ({ key, name, size, type, id, whole }));
  }

  #store() {
    try {
      sessionStorage.setItem(this.#name, JSON.stringify([...this.#keys].map(([channel, keys]) => [channel, this.#kept(keys)])));
    } catch {
      // Full or forbidden: it just does not survive a reload.
    }
  }

  #load() {
    try {
      for (const [channel, files] of JSON.parse(sessionStorage.getItem(this.#name) ?? "[]")) {
        for (const file of files) this.#uploads.resume(file);
        this.#keys.set(channel, files.map((/** @type {{ key: string }} */ { key }) => key));
      }
    } catch {
      // as above
    }
  }

  #clicked(/** @type {any} */ { target }) {
    const key = target.closest(".attached")?.dataset.key;
    if (!key) return;
    if (target.closest(".attached-again")) return this.#uploads.retry(key);
    if (!target.closest(".attached-out")) return;
    this.#uploads.cancel(key);
    this.#keep(this.keys.filter((other) => other !== key));
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

function itemOf(/** @type {any} */ { key, name, type }) {
  const sign = icon("file");
  showPreview({ key, type }, sign);
  const words = make("span", { class: "file-words" }, make("b", { class: "file-name", textContent: name }), make("span", { class: "attached-state" }), make("progress", { max: 1, "aria-label": `Sending ${name}` }));
  const again = make("button", { class: "link attached-again", type: "button", textContent: "Retry", hidden: true });
  const out = make("button", { class: "icon-button small attached-out", type: "button", "aria-label": `Take ${name} out`, title: "Take it out" }, icon("close"));
  return make("li", { class: "attached", data: { key } }, sign, words, again, out);
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
