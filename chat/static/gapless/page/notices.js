/**
 * Notifications of the system: asked for on a click, one a channel at a time, and only for what nobody is looking at. They go when
 * what they say was read, here or elsewhere, or was deleted.
 */
import { lineOf } from "../files/line.js";
import { byId } from "./dom.js";
import { nameOf } from "../people/names.js";

const MOST_LETTERS = 180;
/** @type {Record<string, string[]>} */
const EXPLAINED = {
  default: ["Notify me on this device", "Asks the browser"],
  granted: ["Notifications are on", "Choose for each channel in its menu"],
  denied: ["Notifications are blocked", "Allow them in the browser's settings for this site"],
};

export class Notices {
  #button = byId("notify-button");
  #icon = document.body.dataset.favicon;
  #levelOf;
  #isCalled;
  #isSeen;
  #isQuiet;
  #opened;
  /** @type {Map<number, { notice: Notification, message: Message }>} */ #shown = new Map(); // by channel

  /** `levelOf(channel)`: {level, title, isDirect}; `isCalled(message)`; `isSeen(channel)`; `isQuiet()`: the person is busy; `opened(message)` on a click. */
  constructor(/** @type {{ levelOf: Callback, isCalled: Callback, isSeen: Callback, isQuiet: Callback, opened: Callback }} */ { levelOf, isCalled, isSeen, isQuiet, opened }) {
    this.#levelOf = levelOf;
    this.#isCalled = isCalled;
    this.#isSeen = isSeen;
    this.#isQuiet = isQuiet;
    this.#opened = opened;
    this.#button.addEventListener("click", () => this.#ask());
    this.#draw();
  }

  /** Messages of others that just came. */
  take(/** @type {number} */ channel, /** @type {Message[]} */ messages) {
    if (this.#isSeen(channel)) return;
    const { level, isDirect } = this.#levelOf(channel);
    const isWanted = (/** @type {Message} */ message) => level === "all" || (level === "mentions" && (isDirect || this.#isCalled(message)));
    this.#showLast(channel, messages.filter(isWanted));
  }

  /** Replies of others in threads that the person follows: where anything is heard of the channel at all. */
  takeReplies(/** @type {number} */ channel, /** @type {Message[]} */ messages) {
    if (this.#levelOf(channel).level !== "none") this.#showLast(channel, messages);
  }

  /** The person has read a channel up to `seq`, or with `thread` that thread in it. */
  read(/** @type {number} */ channel, /** @type {number} */ seq, /** @type {number | null} */ thread = null) {
    const message = this.#shown.get(channel)?.message;
    if (!message || message.seq > seq) return;
    if (message.also_in_channel || (message.thread ?? null) === thread) this.#close(channel);
  }

  /** Messages as they are now: what was deleted is said no more. */
  follow(/** @type {number} */ channel, /** @type {Message[]} */ messages) {
    const id = this.#shown.get(channel)?.message.id;
    if (messages.some((message) => message.id === id && message.deleted_at)) this.#close(channel);
  }

  #close(/** @type {number} */ channel) {
    this.#shown.get(channel)?.notice.close();
    this.#shown.delete(channel);
  }

  #showLast(/** @type {number} */ channel, /** @type {Message[]} */ messages) {
    const last = messages.at(-1);
    if (!last || permission() !== "granted" || this.#isQuiet()) return;
    const { title, isDirect } = this.#levelOf(channel);
    this.#show(channel, isDirect ? null : title, last);
  }

  #show(/** @type {number} */ channel, /** @type {string} */ title, /** @type {Message} */ message) {
    const { sender } = message;
    const text = lineOf(message).slice(0, MOST_LETTERS);
    const notice = new Notification(title ? `${nameOf(sender)} in ${title}` : nameOf(sender), {
      body: text, icon: this.#icon, tag: `gapless-${channel}`, renotify: true,
    });
    // The one before it was replaced, for it has the same tag.
    this.#shown.set(channel, { notice, message });
    notice.onclick = () => {
      window.focus();
      this.#close(channel);
      this.#opened(message);
    };
  }

  async #ask() {
    if (permission() === "default") await Notification.requestPermission();
    this.#draw();
  }

  #draw() {
    const [label, hint] = EXPLAINED[permission() ?? ""] ?? [];
    this.#button.hidden = !label;
    this.#button.disabled = permission() !== "default";
    this.#button.querySelector("b").textContent = label ?? "";
    this.#button.querySelector(".menu-item-hint").textContent = hint ?? "";
  }
}

// Not there on plain http, except on this machine.
const permission = () => (globalThis.Notification && isSecureContext ? Notification.permission : null);
