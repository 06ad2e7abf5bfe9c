/** The queue on screen: three lists with their counts, one row a conversation. */
import { byId, make } from "../page/dom.js";
import { settle } from "../page/steady.js";
import { nameOf } from "../people/names.js";
import { dueOf, waits } from "./due.js";

const NOTHING = { mine: "No conversation is assigned to you.", unassigned: "Every conversation has an agent.", all: "The queue is empty." };
const STATES = { pending: "pending", snoozed: "snoozed", open: "" };

/** Emits `chosen` {id}. */
export class Rows extends EventTarget {
  #list = byId("desk-rows");
  #tabs = [...document.querySelectorAll(".desk-tabs [data-whose]")];
  #queue;
  #drafts;
  whose = "all";
  /** @type {number | null} */ chosen = null;

  constructor(/** @type {{ queue: any, drafts: any }} */ { queue, drafts }) {
    super();
    this.#queue = queue;
    this.#drafts = drafts;
    for (const tab of this.#tabs) tab.addEventListener("click", () => this.turn(tab.dataset.whose));
    this.#list.addEventListener("click", (/** @type {any} */ { target }) => this.#choose(Number(target.closest("[data-id]")?.dataset.id)));
    byId("desk-more").addEventListener("click", () => queue.more(this.whose));
    queue.addEventListener("changed", () => this.draw());
    setInterval(() => this.draw(), 30_000); // waiting goes on
  }

  turn(/** @type {string} */ whose) {
    this.whose = whose;
    for (const tab of this.#tabs) tab.setAttribute("aria-selected", String(tab.dataset.whose === whose));
    this.draw();
  }

  /** The conversation after (1) or before (-1) the chosen one. */
  step(/** @type {number} */ by) {
    const ids = this.#queue.list(this.whose).map((/** @type {Ticket} */ { id }) => id);
    const at = this.chosen == null ? -1 : ids.indexOf(this.chosen);
    const next = ids[at < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, at + by))];
    if (next != null) this.#choose(next);
    this.#list.querySelector(`[data-id="${next}"]`)?.scrollIntoView({ block: "nearest" });
  }

  draw() {
    const rows = this.#queue.list(this.whose);
    const focused = document.activeElement?.closest("[data-id]")?.dataset.id;
    settle(this.#list, ...(rows.length ? rows.map((/** @type {Ticket} */ row) => this.#row(row)) : [make("li", { class: "desk-quiet desk-none", textContent: NOTHING[/** @type {"all"} */ (this.whose)] })]));
    if (focused) this.#list.querySelector(`[data-id="${focused}"]`)?.focus();
    for (const tab of this.#tabs) tab.querySelector(".desk-count").textContent = this.#queue.counts[tab.dataset.whose] || "";
    byId("desk-more").hidden = !this.#queue.hasMore(this.whose);
  }

  #row(/** @type {Ticket} */ row) {
    const due = dueOf(row);
    const words = [STATES[/** @type {"open"} */ (row.state)], row.assignee ? nameOf(row.assignee) : "unassigned"].filter(Boolean).join(" · ");
    return make(
      "li",
      {},
      make(
        "button",
        { type: "button", class: `desk-row${row.id === this.chosen ? " is-chosen" : ""}`, data: { id: row.id }, "aria-current": String(row.id === this.chosen) },
        make("span", { class: "desk-row-head" }, make("b", { textContent: nameOf(row.visitor) }), row.priority === "normal" ? null : make("span", { class: `desk-tag is-${row.priority}`, textContent: row.priority })),
        make("span", { class: "desk-row-words", textContent: words }),
        make(
          "span",
          { class: "desk-row-foot" },
          make("span", { textContent: waits(row) || "answered" }),
          due && make("span", { class: `desk-due is-${due.level}`, textContent: due.words }),
          this.#drafts.has(row.id) ? make("span", { class: "desk-tag", textContent: "draft" }) : null,
        ),
      ),
    );
  }

  #choose(/** @type {number} */ id) {
    if (id) this.dispatchEvent(new CustomEvent("chosen", { detail: { id } }));
  }
}
