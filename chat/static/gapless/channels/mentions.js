/** The list of what calls the person, newest first, with the way to each message; what is unread is marked. */
import { get } from "../page/api.js";
import { foundLine } from "./found.js";
import { lineOf } from "../files/line.js";
import { open } from "../page/dialogs.js";
import { byId } from "../page/dom.js";
import { marked } from "../page/format.js";

const SNIPPET = 220;

export class Mentions {
  #dialog = byId("mentions");
  #list = this.#dialog.querySelector(".found");
  #note = this.#dialog.querySelector(".dialog-note");
  #more = this.#dialog.querySelector('[data-act="more"]');
  #channels;
  #toMessage;
  /** @type {number | null} */ #cursor = null;
  #asked = 0;

  /** `toMessage(channel, seq)` shows a message in its place. */
  constructor(/** @type {{ channels: Channels, toMessage: Callback }} */ { channels, toMessage }) {
    this.#channels = channels;
    this.#toMessage = toMessage;
    this.#more.addEventListener("click", () => this.#load());
  }

  open() {
    open(this.#dialog);
    this.#cursor = null;
    this.#list.replaceChildren();
    return this.#load();
  }

  async #load() {
    const mine = ++this.#asked;
    this.#more.hidden = true;
    this.#note.textContent = this.#list.children.length ? "" : "Looking…";
    const found = await get("mentions/", this.#cursor ? { cursor: this.#cursor } : {}).catch((/** @type {Refused} */ problem) => problem);
    if (mine !== this.#asked) return;
    const { results = [], next_cursor: cursor = null, detail = "" } = found;
    this.#cursor = cursor;
    this.#more.hidden = !cursor;
    this.#list.append(...results.map((/** @type {Message} */ message) => this.#line(message)));
    this.#note.textContent = detail || (this.#list.children.length ? "" : "Nobody has mentioned you yet. When somebody writes your @name, it stands here.");
  }

  #line(/** @type {Message} */ message) {
    const place = this.#channels.get(message.channel);
    const go = () => {
      this.#dialog.close();
      this.#toMessage(message.channel, message.seq);
    };
    const line = foundLine(message, { place, text: marked(lineOf(message), [], SNIPPET), go });
    line.classList.toggle("is-unread", Boolean(place) && message.seq > place.read_seq);
    return line;
  }
}
