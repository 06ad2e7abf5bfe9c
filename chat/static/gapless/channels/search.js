/** Finding messages in all of the person's channels: what the server finds, page by page, and the way to each of them. */
import { get } from "../page/api.js";
import { foundLine } from "./found.js";
import { open } from "../page/dialogs.js";
import { byId } from "../page/dom.js";

const PAUSE_MS = 250;
const OPERATOR = /\b(from|in|before|after|has|is):/i;
const EMPTY_PAGES = 5; // a page may be empty while there is more further back

export class Search {
  #dialog = byId("search");
  #form = this.#dialog.querySelector("form");
  #input = this.#dialog.querySelector("input");
  #list = this.#dialog.querySelector(".found");
  #note = this.#dialog.querySelector(".dialog-note");
  #help = this.#dialog.querySelector(".search-help");
  #more = this.#dialog.querySelector('[data-act="more"]');
  #channels;
  #toMessage;
  #asked = 0;
  /** @type {string | null} */ #cursor = null;
  /** @type {any} */ #timer = null;

  /** `toMessage(channel, seq)` shows a message in its place. */
  constructor(/** @type {{ channels: Channels, toMessage: Callback }} */ { channels, toMessage }) {
    this.#channels = channels;
    this.#toMessage = toMessage;
    this.#input.addEventListener("input", () => this.#typed());
    this.#form.addEventListener("submit", (/** @type {any} */ event) => (event.preventDefault(), this.#begin()));
    this.#more.addEventListener("click", () => this.#load());
    this.#dialog.addEventListener("keydown", (/** @type {any} */ event) => this.#pressed(event));
    this.#help.addEventListener("click", (/** @type {{ target: any }} */ { target }) => this.#insert(target.closest("[data-insert]")?.dataset.insert));
  }

  /** What was looked for last is still there, to be changed or gone on with. */
  open() {
    open(this.#dialog);
    this.#input.select();
  }

  // With an operator half typed the server could only refuse: then Enter says when to look.
  #typed() {
    clearTimeout(this.#timer);
    if (!OPERATOR.test(this.#input.value)) this.#timer = setTimeout(() => this.#begin(), PAUSE_MS);
    else {
      this.#clear();
      this.#note.textContent = "Press Enter to search.";
    }
  }

  #insert(/** @type {string} */ operator) {
    if (!operator) return;
    this.#input.value = `${this.#input.value.trimEnd()} ${operator}`.trimStart();
    this.#input.focus();
    this.#typed();
  }

  // What was found for other words does not stand under these.
  #clear() {
    this.#asked += 1;
    this.#cursor = null;
    this.#list.replaceChildren();
    this.#more.hidden = true;
    this.#note.textContent = "";
  }

  #begin() {
    clearTimeout(this.#timer);
    this.#clear();
    const isEmpty = !this.#input.value.trim();
    this.#help.hidden = !isEmpty;
    if (!isEmpty) this.#load();
  }

  async #load() {
    const mine = this.#asked;
    const wanted = this.#input.value.trim();
    this.#more.hidden = true;
    this.#note.textContent = this.#list.children.length ? "" : "Searching…";
    try {
      for (let page = 0; page < EMPTY_PAGES; page += 1) {
        const found = await get("search/", { q: wanted, ...(this.#cursor ? { cursor: this.#cursor } : {}) });
        if (mine !== this.#asked) return;
        this.#cursor = found.next && new URL(found.next, location.href).searchParams.get("cursor");
        this.#show(found, wanted);
        if (found.results.length || !this.#cursor) break;
      }
      this.#explain(wanted);
    } catch (problem) {
      if (mine === this.#asked) this.#note.textContent = problem.detail;
    }
  }

  #show(/** @type {{ results: any, approximate: boolean }} */ { results, approximate: isApproximate }, /** @type {string} */ wanted) {
    this.#list.append(...results.map((/** @type {Message} */ message) => this.#line(message, wanted)));
    this.#list.dataset.approximate = String(Boolean(isApproximate));
  }

  #explain(/** @type {string} */ wanted) {
    const isFound = this.#list.children.length > 0;
    this.#more.hidden = !this.#cursor;
    this.#more.textContent = isFound ? "Show older ones" : "Look further back";
    if (!isFound) this.#note.textContent = this.#cursor ? "Nothing among the newer messages." : `Nothing found for “${wanted}” in your channels.`;
    else this.#note.textContent = this.#list.dataset.approximate === "true" ? "Not all of these match exactly: some are only similar." : "";
  }

  #line(/** @type {Message} */ message, /** @type {string} */ wanted) {
    const { channel, seq } = message;
    const go = () => {
      this.#dialog.close();
      this.#toMessage(channel, seq);
    };
    return foundLine(message, { place: this.#channels.get(channel), words: wordsOf(wanted), go });
  }

  #pressed(/** @type {any} */ event) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (!step || event.isComposing) return;
    const stops = [this.#input, ...this.#list.querySelectorAll("button")];
    const index = stops.indexOf(document.activeElement);
    if (index < 0) return;
    event.preventDefault();
    stops[Math.max(0, Math.min(index + step, stops.length - 1))].focus();
  }
}

/** The words and phrases of a search without its operators. */
const wordsOf = (/** @type {string} */ wanted) =>
  [...wanted.matchAll(/\b\w+:(?:"[^"]*"?|\S*)|"([^"]+)"?|(\S+)/g)].map(([, phrase, word]) => phrase ?? word).filter(Boolean);
