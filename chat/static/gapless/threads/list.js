/** The threads that the person follows, those with something unread first, and their number in the sidebar. */
import { titleOf } from "../channels/channels.js";
import { lineOf } from "../files/line.js";
import { filesLine } from "../files/named.js";
import { open } from "../page/dialogs.js";
import { avatar, byId, make } from "../page/dom.js";
import { ago, plural } from "../page/format.js";
import { nameOf } from "../people/names.js";

const MOST_LETTERS = 140;

export class ThreadList {
  #dialog = byId("threads");
  #note = this.#dialog.querySelector(".dialog-note");
  #more = this.#dialog.querySelector('[data-act="more"]');
  #badge = byId("threads-button").querySelector(".badge");
  #followed;
  #channels;
  #open;

  /** `open(root)` shows a thread in its channel. */
  constructor(/** @type {{ followed: any, channels: Channels, open: Callback }} */ { followed, channels, open: go }) {
    this.#followed = followed;
    this.#channels = channels;
    this.#open = go;
    byId("threads-button").addEventListener("click", () => {
      followed.refresh();
      this.#draw();
      open(this.#dialog);
    });
    this.#more.addEventListener("click", () => followed.more().catch((/** @type {Refused} */ { detail }) => (this.#note.textContent = detail)));
    followed.addEventListener("changed", () => this.#draw());
    this.#draw();
  }

  #draw() {
    const { threads, unread, next } = this.#followed;
    this.#badge.hidden = !unread;
    this.#badge.firstElementChild.textContent = unread;
    if (!this.#dialog.open && !threads.length) return;
    const here = threads.filter((/** @type {Message} */ { channel }) => this.#channels.get(channel));
    const lines = [...here].sort((a, b) => Number(b.unread > 0) - Number(a.unread > 0));
    this.#more.hidden = !next;
    this.#note.textContent = lines.length ? "" : "You follow no threads yet. You follow a thread when you write in it or are mentioned there.";
    this.#dialog.querySelector(".lines").replaceChildren(...lines.map((root) => make("li", {}, this.#line(root))));
  }

  #line(/** @type {any} */ root) {
    const text = root.deleted_at ? "Message deleted" : lineOf(root).slice(0, MOST_LETTERS);
    const state = [plural(root.replies?.count ?? 0, "reply", "replies"), ...(root.replied_at ? [ago(new Date(root.replied_at))] : [])].join(" · ");
    const badge = root.unread ? make("span", { class: "badge" }, make("span", { textContent: root.unread }), make("span", { class: "visually-hidden", textContent: " unread" })) : null;
    return make(
      "button",
      { class: root.unread ? "line thread-entry has-unread" : "line thread-entry", type: "button", on: { click: () => (this.#dialog.close(), this.#open(root)) } },
      avatar(root.sender),
      make("span", { class: "line-names" }, make("b", { textContent: text, dir: "auto" }), make("span", { textContent: `${nameOf(root.sender)} in ${titleOf(this.#channels.get(root.channel))} · ${state}` }), root.body ? filesLine(root) : null),
      badge,
    );
  }
}
