/** What can be done to the open conversation: buttons, menus, and the requests behind them. */
import { serverNow } from "../client/clock.js";
import { post } from "../page/api.js";
import { byId, make } from "../page/dom.js";
import { whenName } from "../page/format.js";
import { settle } from "../page/steady.js";
import { nameOf } from "../people/names.js";

const HOUR = 3_600_000;

/** Emits `done` {row} and `refused` {detail}. */
export class Acts extends EventTarget {
  #me;
  #inboxOf;
  /** @type {Ticket | null} */ #row = null;

  constructor(/** @type {{ me: Person, inboxOf: (row: Ticket) => any }} */ { me, inboxOf }) {
    super();
    this.#me = me;
    this.#inboxOf = inboxOf;
    byId("desk-menu").addEventListener("click", (/** @type {any} */ { target }) => target.closest("button") && byId("desk-menu").hidePopover());
  }

  draw(/** @type {Ticket} */ row) {
    this.#row = row;
    const isMine = row.assignee?.id === this.#me.id;
    const isFree = row.assignee == null;
    const isOver = row.state === "resolved";
    settle(
      byId("desk-acts"),
      ...[
        !isOver && isFree && button("Claim", () => this.claim(), { isMain: true, key: "c" }),
        !isOver && !isFree && !isMine && button("Take over", () => this.run("take-over"), { key: "c" }),
        !isOver && isMine && button("Release", () => this.run("release")),
        !isOver && (isMine || this.#inboxOf(row)?.supervises) && button("Assign…", (event) => this.#assign(event)),
        !isOver && button("Snooze…", (event) => this.snooze(event), { key: "s" }),
        row.state === "open" && button("Pending", () => this.run("pending")),
        (isOver || row.state === "snoozed" || row.state === "pending") && button("Reopen", () => this.run("reopen"), { key: "o" }),
        !isOver && button("Resolve", () => this.run("resolve"), { key: "e" }),
      ].filter(Boolean),
    );
  }

  claim() {
    return this.run(this.#row?.assignee ? "take-over" : "claim");
  }

  async run(/** @type {string} */ act, /** @type {any} */ given = {}) {
    const row = this.#row;
    if (!row) return;
    try {
      this.#emit("done", { row: await post(`support/conversations/${row.id}/${act}/`, given) });
    } catch (problem) {
      this.#emit("refused", { detail: problem.detail, id: row.id });
    }
  }

  snooze(/** @type {any} */ event = null) {
    const row = this.#row;
    if (!row || row.state === "resolved") return;
    const until = (/** @type {Date} */ date) => () => this.run("snooze", { until: date.toISOString() });
    const offered = [
      row.former_snooze && Date.parse(row.former_snooze) > serverNow() ? entry(`As before: ${whenName(new Date(row.former_snooze))}`, until(new Date(row.former_snooze))) : null,
      ...choices().map(([words, date]) => entry(`${words} · ${whenName(date)}`, until(date))),
    ];
    const when = make("input", { type: "datetime-local", "aria-label": "Another time" });
    const other = make("form", { class: "desk-when", on: { submit: (/** @type {Event} */ submitted) => (submitted.preventDefault(), when.value && (byId("desk-menu").hidePopover(), until(new Date(when.value))())) } }, when, make("button", { textContent: "Snooze" }));
    this.#menu(event, [...offered, other]);
  }

  #assign(/** @type {any} */ event) {
    const agents = this.#inboxOf(/** @type {Ticket} */ (this.#row))?.agents ?? [];
    this.#menu(event, agents.map((/** @type {Person} */ agent) => entry(nameOf(agent), () => this.run("assign", { agent: agent.id }))));
  }

  #menu(/** @type {any} */ event, /** @type {any[]} */ entries) {
    const menu = byId("desk-menu");
    menu.replaceChildren(...entries.filter(Boolean));
    menu.showPopover();
    const at = (event?.currentTarget ?? byId("desk-acts")).getBoundingClientRect();
    menu.style.top = `${at.bottom + 6}px`;
    menu.style.left = `${Math.max(8, Math.min(at.left, innerWidth - menu.offsetWidth - 8))}px`;
    menu.querySelector("button")?.focus();
  }

  #emit(/** @type {string} */ name, /** @type {any} */ detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

const entry = (/** @type {string} */ words, /** @type {() => void} */ act) => make("button", { type: "button", textContent: words, on: { click: act } });

// Of a double click the second half would meet the button that has come into this one's place.
function button(/** @type {string} */ words, /** @type {(event: any) => void} */ act, { isMain = false, key = "" } = {}) {
  return make("button", { type: "button", class: isMain ? "desk-main" : "", textContent: words, title: key ? `${words} (${key})` : words, on: { click: (/** @type {any} */ event) => event.detail < 2 && act(event) } });
}

/** @returns {[string, Date][]} */
function choices() {
  const at = (/** @type {number} */ days) => {
    const date = new Date(serverNow());
    date.setDate(date.getDate() + days);
    date.setHours(9, 0, 0, 0);
    return date;
  };
  const toMonday = (8 - new Date(serverNow()).getDay()) % 7 || 7;
  return [
    ["In an hour", new Date(serverNow() + HOUR)],
    ["In 4 hours", new Date(serverNow() + 4 * HOUR)],
    ["Tomorrow", at(1)],
    ["Monday", at(toMonday)],
  ];
}
