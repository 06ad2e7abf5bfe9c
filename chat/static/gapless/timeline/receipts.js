/** Who has a message and who has read it, from the members' cursors, kept current while the list is open. */
import { open } from "../page/dialogs.js";
import { byId, make } from "../page/dom.js";
import { loadMembers } from "../people/members.js";
import { nameParts } from "../people/people.js";

const LISTS = { read: "Read by", delivered: "Delivered to", waiting: "Not yet delivered to" };

export class Receipts {
  #dialog = byId("receipts");
  #note = this.#dialog.querySelector(".dialog-note");
  /** @type {any} */ #message = null;
  /** @type {Member[]} */ #members = [];

  async open(/** @type {Message} */ message) {
    this.#message = message;
    this.#members = [];
    this.#draw();
    this.#note.textContent = "";
    open(this.#dialog);
    try {
      this.#members = await loadMembers(message.channel);
      this.#draw();
      if (this.#others().length === 0) this.#note.textContent = "Nobody else is in this channel.";
    } catch (problem) {
      this.#note.textContent = problem.detail;
    }
  }

  /** `members`: {user: [delivered, read]} that just moved. */
  take(/** @type {{ channel: any, members?: any }} */ { channel, members = {} }) {
    if (!this.#dialog.open || this.#message?.channel !== channel) return;
    for (const member of this.#members) {
      const [delivered, read] = members[member.user.id] ?? [];
      if (delivered != null) Object.assign(member, { delivered_seq: delivered, read_seq: read });
    }
    this.#draw();
  }

  #others() {
    return this.#members.filter(({ user }) => user.id !== this.#message.sender.id);
  }

  #draw() {
    /** @type {Record<string, Member[]>} */
    const groups = Object.groupBy(this.#others(), (member) => stateOf(member, this.#message.seq));
    for (const [name, title] of Object.entries(LISTS)) {
      const section = this.#dialog.querySelector(`[data-list="${name}"]`);
      const people = groups[name] ?? [];
      section.hidden = !people.length;
      section.querySelector("h3").textContent = `${title} ${people.length}`;
      section.querySelector("ul").replaceChildren(...people.map((/** @type {{ user: any }} */ { user }) => make("li", { class: "line" }, ...nameParts(user))));
    }
  }
}

function stateOf(/** @type {Member} */ { delivered_seq: delivered, read_seq: read }, /** @type {number} */ seq) {
  if (read >= seq) return "read";
  return delivered >= seq ? "delivered" : "waiting";
}

const ORDER = ["sent", "delivered", "read"];

/** How far a message has got: what its row says, or further when the channel's cursors have moved since. */
export function statusOf(/** @type {Message} */ { seq, status }, { allSince = 0, allDelivered = 0, allRead = 0 }) {
  const moved = seq <= allSince ? "sent" : allRead >= seq ? "read" : allDelivered >= seq ? "delivered" : "sent";
  return ORDER[Math.max(ORDER.indexOf(moved), ORDER.indexOf(status))];
}
