/** The moderators' desk: reported messages with the messages around them, and the acts on them. Each act asks for a reason. */
import { get, post } from "../page/api.js";
import { ban, Bans } from "./bans.js";
import { ask, open } from "../page/dialogs.js";
import { filesOf } from "../files/shown.js";
import { lineOf } from "../files/line.js";
import { avatar, byId, icon, make } from "../page/dom.js";
import { clock, plural, whenName } from "../page/format.js";
import { nameOf, paintName } from "../people/names.js";

const LOOK_MS = 60_000;

/** A member says what is wrong with a message. */
export function report(/** @type {Message} */ message, /** @type {Callback} */ said) {
  ask({
    title: `Report this message of ${nameOf(message.sender)}?`,
    text: "The moderators of this channel see the message and your text. The author is not told.",
    reason: { label: "What is wrong with it?", isRequired: true },
    action: "Report",
    isHarmless: true,
    act: async (/** @type {{ reason: any }} */ { reason }) => {
      await post("reports/", { channel: message.channel, message: message.id, reason });
      said("Reported. The moderators of this channel have been told.");
    },
  });
}

/** Somebody else's message is taken away; the reason stands in the audit log. */
export function takeAway(/** @type {Message} */ message, done = () => {}) {
  ask({
    title: `Delete this message of ${nameOf(message.sender)}?`,
    text: "It disappears for everybody. A line says that it was deleted; your reason is kept in the audit log.",
    reason: { label: "Reason", isRequired: true },
    action: "Delete",
    act: async (/** @type {{ reason: any }} */ { reason }) => {
      await post("moderation/messages/delete/", { messages: [message.id], reason });
      done();
    },
  });
}

export class Desk {
  #dialog = byId("desk");
  #list = this.#dialog.querySelector(".reports");
  #note = this.#dialog.querySelector(".dialog-note");
  #more = this.#dialog.querySelector('[data-act="more"]');
  #buttons = document.querySelectorAll('[data-open="desk"]');
  #toMessage;
  #mayGoTo;
  #mayBan;
  #bans;
  #isOffered = false;
  /** @type {string | null} */ #cursor = null;

  /** `desk`: what the server says of it, or null when the person keeps nothing. `toMessage(channel, seq)`; `mayGoTo(channel)`. */
  constructor(/** @type {{ desk: any, toMessage: Callback, mayGoTo: Callback }} */ { desk, toMessage, mayGoTo }) {
    this.#toMessage = toMessage;
    this.#mayGoTo = mayGoTo;
    this.#mayBan = Boolean(desk?.may_ban);
    this.#bans = new Bans({ mayBan: this.#mayBan });
    this.#more.addEventListener("click", () => this.#load());
    if (desk) this.offer(desk.open_reports);
  }

  /** The person keeps a channel, maybe only since now. */
  offer(/** @type {number | null} */ count = null) {
    if (this.#isOffered) return;
    this.#isOffered = true;
    for (const button of this.#buttons) button.hidden = false;
    addEventListener("focus", () => this.#look());
    setInterval(() => document.visibilityState === "visible" && this.#look(), LOOK_MS);
    if (count == null) this.#look();
    else this.#count(count);
  }

  open() {
    open(this.#dialog);
    this.#begin();
  }

  async #look() {
    const desk = await get("moderation/").catch(/** @returns {any} */ () => null);
    if (desk) this.#count(desk.open_reports);
  }

  #count(/** @type {number} */ number) {
    for (const button of this.#buttons) {
      button.querySelector(".badge").hidden = !number;
      button.querySelector(".badge-number").textContent = number > 99 ? "99+" : number;
    }
  }

  #begin() {
    this.#cursor = null;
    this.#list.replaceChildren();
    this.#look();
    this.#bans.refresh();
    return this.#load();
  }

  async #load() {
    this.#note.textContent = "";
    try {
      const { results, next } = await get("moderation/reports/", this.#cursor ? { cursor: this.#cursor } : {});
      this.#cursor = next && new URL(next).searchParams.get("cursor");
      this.#list.append(...results.map((/** @type {any} */ row) => this.#card(row)));
      this.#more.hidden = !next;
      this.#list.querySelector("details")?.setAttribute("open", "");
      if (!this.#list.children.length) this.#note.textContent = "Nothing is waiting. Reports from the channels that you moderate appear here.";
    } catch (problem) {
      this.#note.textContent = problem.detail;
    }
  }

  #card(/** @type {any} */ row) {
    const { reporter, channel, reason, message, reported_body: reported, reported_files: files, created_at: createdAt } = row;
    const head = make("p", { class: "report-head" }, paintName(make("b"), reporter), ` reported a message of `,
      paintName(make("b"), message.sender), ` in ${channel.name || "a conversation"} · ${whenName(new Date(createdAt))}`);
    const words = reported ? make("blockquote", { class: "report-body", textContent: reported, dir: "auto" }) : null;
    const around = make("details", { class: "report-around" }, make("summary", { textContent: "Messages around it" }), make("ol"));
    around.addEventListener("toggle", () => around.open && this.#showAround(row, around.lastElementChild));
    return make("li", { class: "report" }, head, make("p", { class: "report-reason", textContent: `“${reason}”`, dir: "auto" }), words, filesOf({ files }), around, this.#acts(row));
  }

  #acts(/** @type {any} */ row) {
    const button = (/** @type {string} */ label, /** @type {string} */ className, /** @type {Callback} */ click) => make("button", { class: `button small ${className}`, type: "button", textContent: label, on: { click } });
    const again = () => this.#begin();
    const isThere = !row.message.deleted_at;
    return make("p", { class: "button-row" },
      isThere ? button("Delete the message…", "danger", () => takeAway(row.message, again)) : null,
      button("Dismiss…", "", () => this.#close(row, "dismissed", again)),
      this.#mayBan && row.message.sender ? button("Ban the author…", "", () => ban(row.message.sender, () => this.#bans.refresh())) : null,
      isThere ? null : button("Uphold…", "", () => this.#close(row, "upheld", again)),
      this.#mayGoTo(row.channel.id) ? button("Go to it", "quiet", () => this.#go(row)) : null);
  }

  #go(/** @type {{ channel: Channel, message: Message }} */ { channel, message }) {
    this.#dialog.close();
    this.#toMessage(channel.id, message.seq);
  }

  #close(/** @type {{ id: number }} */ { id }, /** @type {string} */ verdict, /** @type {Callback} */ done) {
    const isUpheld = verdict === "upheld";
    ask({
      title: isUpheld ? "Uphold this report?" : "Dismiss this report?",
      text: `It is closed as ${verdict}, and the message stays as it is. Your reason is kept in the audit log.`,
      reason: { label: "Reason", isRequired: true },
      action: isUpheld ? "Uphold" : "Dismiss",
      isHarmless: true,
      act: async (/** @type {{ reason: any }} */ { reason }) => {
        await post("moderation/reports/close/", { reports: [id], verdict, reason });
        done();
      },
    });
  }

  async #showAround(/** @type {{ id: number, message: Message }} */ { id, message }, /** @type {any} */ list) {
    if (list.children.length) return;
    try {
      const { context, versions, reports_of_the_message: count } = await get(`moderation/reports/${id}/`);
      list.replaceChildren(...context.filter((/** @type {{ kind: string }} */ { kind }) => kind === "text").map((/** @type {any} */ each) => contextLine(each, each.id === message.id)));
      const notes = [versions.length ? `edited ${plural(versions.length, "time")}` : "", count > 1 ? `reported by ${count} people` : ""];
      if (notes.some(Boolean)) list.append(make("li", { class: "report-note", textContent: notes.filter(Boolean).join(", ") }));
    } catch (problem) {
      list.replaceChildren(make("li", { textContent: problem.detail }));
    }
  }
}

function contextLine(/** @type {Message} */ message, /** @type {boolean} */ isIt) {
  const { sender, body, created_at: createdAt, deleted_at: deletedAt } = message;
  const text = make("span", { textContent: deletedAt ? "Message deleted" : body || lineOf(message), dir: "auto" });
  const head = make("span", { class: "context-head" }, paintName(make("b"), sender), ` ${clock(new Date(createdAt))} `);
  return make("li", { class: isIt ? "is-it" : "" }, avatar(sender, { small: true }), make("span", {}, head, text), isIt ? icon("flag") : null);
}
