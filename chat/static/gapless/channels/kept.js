/** Messages in a dialog, page by page: a channel's pins, what the person has saved, what calls them. The way to each, and out of the list. */
import { get } from "../page/api.js";
import { foundLine } from "./found.js";
import { open } from "../page/dialogs.js";
import { byId, icon, make } from "../page/dom.js";

export class Kept {
  #dialog;
  #list;
  #note;
  #more;
  #channels;
  #empty;
  #toMessage;
  #out;
  #isNew;
  #path = "";
  /** @type {number | null} */ #cursor = null;
  #asked = 0;

  /**
   * `id`: the dialog's. `empty`: the sentence where there is nothing. `out`: {label, isOffered(message), act(message)}, which takes
   * one out and may reject with a sentence in `detail`; null: none can be. `isNew(message)`: to be marked.
   * `toMessage(channel, seq)` shows a message in its place.
   */
  constructor(/** @type {{ id: string, channels: Channels, empty: string, out?: { label: string, isOffered: Callback, act: Callback } | null, isNew?: Callback, toMessage: Callback }} */ { id, channels, empty, out = null, isNew = () => false, toMessage }) {
    this.#dialog = byId(id);
    this.#list = this.#dialog.querySelector(".found");
    this.#note = this.#dialog.querySelector(".dialog-note");
    this.#more = this.#dialog.querySelector('[data-act="more"]');
    this.#channels = channels;
    this.#empty = empty;
    this.#out = out;
    this.#isNew = isNew;
    this.#toMessage = toMessage;
    this.#more.addEventListener("click", () => this.#load());
  }

  /** `path`: where the list is, under the API's root. */
  open(/** @type {string} */ path) {
    open(this.#dialog);
    this.#path = path;
    this.#cursor = null;
    this.#list.replaceChildren();
    return this.#load();
  }

  async #load() {
    const mine = ++this.#asked;
    this.#more.hidden = true;
    this.#note.textContent = this.#list.children.length ? "" : "Looking…";
    const found = await get(this.#path, this.#cursor ? { cursor: this.#cursor } : {}).catch((/** @type {Refused} */ problem) => problem);
    if (mine !== this.#asked) return;
    const { results = [], next_cursor: cursor = null, detail = "" } = found;
    this.#cursor = cursor;
    this.#more.hidden = !cursor;
    this.#list.append(...results.map((/** @type {Message} */ message) => this.#line(message)));
    this.#explain(detail);
  }

  #explain(detail = "") {
    this.#note.textContent = detail || (this.#list.children.length ? "" : this.#empty);
  }

  #line(/** @type {Message} */ message) {
    const go = () => {
      this.#dialog.close();
      this.#toMessage(message.channel, message.seq);
    };
    const line = foundLine(message, { place: this.#channels.get(message.channel), go });
    line.classList.toggle("is-unread", this.#isNew(message));
    line.classList.toggle("kept-line", Boolean(this.#out));
    if (this.#out?.isOffered(message)) line.append(this.#button(this.#out, message, line));
    return line;
  }

  #button(/** @type {{ label: string, act: Callback }} */ out, /** @type {Message} */ message, /** @type {any} */ line) {
    const act = async () => {
      button.disabled = true;
      const refused = await out.act(message).then(/** @returns {any} */ () => null, (/** @type {Refused} */ problem) => problem);
      button.disabled = false;
      if (refused) return this.#explain(refused.detail);
      const next = (line.nextElementSibling ?? line.previousElementSibling)?.querySelector("button");
      line.remove();
      this.#explain();
      (next ?? this.#dialog).focus();
    };
    const button = make("button", { class: "icon-button small", type: "button", "aria-label": out.label, title: out.label, on: { click: act } }, icon("close"));
    return button;
  }
}
