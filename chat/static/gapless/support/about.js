/** The customer: who, from where, what is due, priority and labels, and what there was before. */
import { get, patch } from "../page/api.js";
import { byId, make } from "../page/dom.js";
import { fullTime, whenName } from "../page/format.js";
import { nameOf } from "../people/names.js";
import { dueOf, waits } from "./due.js";

const PRIORITIES = ["low", "normal", "high", "urgent"];

/** Emits `done` {row}, `refused` {detail} and `chosen` {id}. */
export class About extends EventTarget {
  #box = byId("desk-about");
  #shown = "";
  /** @type {Ticket[]} */ #earlier = [];

  async draw(/** @type {Ticket} */ row, /** @type {any} */ inbox) {
    const shown = JSON.stringify(row);
    if (shown === this.#shown || this.#box.contains(document.activeElement)) return;
    const isOther = !this.#shown.startsWith(`{"id":${row.id},`);
    this.#shown = shown;
    if (isOther) this.#earlier = [];
    this.#paint(row, inbox);
    if (!isOther) return;
    const { results } = await get("support/conversations/", { state: "resolved", visitor: row.visitor.id }).catch(() => ({ results: [] }));
    if (this.#shown !== shown) return;
    this.#earlier = results.filter((/** @type {Ticket} */ { id }) => id !== row.id);
    this.#paint(row, inbox);
  }

  #paint(/** @type {Ticket} */ row, /** @type {any} */ inbox) {
    const due = dueOf(row);
    this.#box.replaceChildren(
      make("button", { type: "button", class: "desk-plain desk-phone", textContent: "‹ Conversation", data: { show: "talk" } }),
      make("h2", { textContent: nameOf(row.visitor) }),
      make("p", { class: "desk-quiet", textContent: row.verified ? "✓ Identity signed by the company" : "Identity not verified" }),
      make(
        "dl",
        {},
        ...fact("Inbox", inbox?.name),
        ...fact("Waits", waits(row).replace("waits ", "")),
        ...fact("Due", due?.words, `desk-due is-${due?.level}`),
        ...fact("Held by", row.assignee ? nameOf(row.assignee) : "nobody"),
        ...fact("Snoozed until", row.snoozed_until && whenName(new Date(row.snoozed_until))),
        ...fact("Page", row.page && link(row.page)),
        ...fact("Language", row.locale && languageOf(row.locale)),
        ...fact("Began", whenName(new Date(row.created_at))),
        ...fact("Episode", row.episode > 1 ? String(row.episode) : null),
      ),
      this.#priority(row),
      this.#labels(row),
      ...(this.#earlier.length ? [make("h3", { textContent: "Earlier conversations" }), make("ul", { class: "desk-earlier" }, ...this.#earlier.map((earlier) => this.#one(earlier)))] : []),
    );
  }

  #one(/** @type {Ticket} */ row) {
    const at = new Date(row.resolved_at ?? row.created_at);
    const words = `Resolved ${whenName(at)}${row.labels.length ? ` · ${row.labels.join(", ")}` : ""}`;
    return make("li", {}, make("button", { type: "button", textContent: words, title: fullTime(at), on: { click: () => this.#emit("chosen", { id: row.id }) } }));
  }

  #priority(/** @type {Ticket} */ row) {
    const select = make("select", { on: { change: () => this.#revise(row, { priority: select.value }) } }, ...PRIORITIES.map((value) => make("option", { value, textContent: value })));
    select.value = row.priority;
    return make("label", { class: "desk-field" }, "Priority", select);
  }

  #labels(/** @type {Ticket} */ row) {
    const input = make("input", { value: row.labels.join(", "), placeholder: "parcel, refund", on: { change: () => this.#revise(row, { labels: split(input.value) }) } });
    return make("label", { class: "desk-field" }, "Labels", input);
  }

  async #revise(/** @type {Ticket} */ row, /** @type {any} */ changed) {
    try {
      this.#emit("done", { row: await patch(`support/conversations/${row.id}/`, changed) });
    } catch (problem) {
      this.#emit("refused", { detail: problem.detail });
    }
  }

  #emit(/** @type {string} */ name, /** @type {any} */ detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

const split = (/** @type {string} */ text) => text.split(",").map((label) => label.trim()).filter(Boolean);

function fact(/** @type {string} */ name, /** @type {any} */ value, className = "") {
  return value ? [make("dt", { textContent: name }), make("dd", { class: className }, value)] : [];
}

function link(/** @type {string} */ page) {
  if (!/^https?:\/\//.test(page)) return page;
  return make("a", { href: page, textContent: page.replace(/^https?:\/\//, ""), target: "_blank", rel: "noopener noreferrer nofollow" });
}

function languageOf(/** @type {string} */ locale) {
  try {
    return new Intl.DisplayNames(undefined, { type: "language" }).of(locale) ?? locale;
  } catch {
    return locale;
  }
}
