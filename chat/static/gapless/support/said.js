/** One timeline of what was said and of the notes, which are yellow and have a lock. */
import { equipped } from "../markdown/code.js";
import { draw } from "../markdown/draw.js";
import { filesOf } from "../files/shown.js";
import { byId, make } from "../page/dom.js";
import { dayName, fullTime, whenName } from "../page/format.js";
import { nameOf, paintInitials } from "../people/names.js";

const NEAR = 80; // px from the end: whoever is there stays there

export class Said {
  #box = byId("desk-said");
  /** @type {number | null} */ #shown = null;

  /** `talk`: the conversation; `sending`: what is on its way. */
  draw(/** @type {import("./talk.js").Talk} */ talk, /** @type {any[]} */ sending) {
    const box = this.#box;
    // A message may come by the log before its answer.
    const arrived = new Set(talk.messages.map(({ client_msg_id }) => client_msg_id));
    const waiting = sending.filter(({ client_msg_id }) => !arrived.has(client_msg_id));
    const isOther = this.#shown !== talk.id;
    const fromEnd = box.scrollHeight - box.scrollTop - box.clientHeight;
    this.#shown = talk.id;
    if (talk.refusal) return box.replaceChildren(make("p", { class: "desk-quiet desk-none", textContent: talk.refusal }));
    if (!talk.isLoaded) return box.replaceChildren(make("p", { class: "desk-quiet desk-none", textContent: "Loading…" }));
    let day = "";
    const rows = [];
    for (const message of talk.messages) {
      const date = new Date(message.created_at);
      if (dayName(date) !== day) {
        day = dayName(date);
        rows.push(make("div", { class: "desk-day", textContent: day }));
      }
      rows.push(rowOf(message, talk));
    }
    box.replaceChildren(
      ...(talk.hasOlder ? [make("button", { type: "button", class: "desk-more", textContent: "Show earlier", on: { click: () => this.#older(talk) } })] : []),
      ...rows,
      ...waiting.map(waitingRow),
    );
    if (isOther || fromEnd < NEAR) box.scrollTop = box.scrollHeight;
  }

  async #older(/** @type {any} */ talk) {
    const before = this.#box.scrollHeight;
    await talk.older();
    this.#box.scrollTop += this.#box.scrollHeight - before;
  }
}

const waitingRow = (/** @type {{ kind: string, body: string, attached?: any[] }} */ { kind, body, attached = [] }) =>
  make("div", { class: `desk-line is-mine is-sending${kind === "note" ? " is-note" : ""}` }, make("div", { class: "desk-body markdown", dir: "auto" }, ...draw(body)), filesOf({ files: attached.map(({ whole }) => whole) }), make("small", { textContent: "Sending…" }));

function rowOf(/** @type {Message} */ message, /** @type {any} */ talk) {
  const isNote = message.channel !== talk.id;
  if (message.kind === "system") return make("p", { class: `desk-event${isNote ? " is-note" : ""}`, title: fullTime(new Date(message.created_at)), textContent: `${isNote ? "🔒 " : ""}${message.body} · ${whenName(new Date(message.created_at))}` });
  const isCustomer = message.sender.id === talk.row.visitor.id;
  const face = make("span", { class: `desk-face hue-${message.sender.id % 10}`, "aria-hidden": "true" });
  paintInitials(face, message.sender);
  return make(
    "article",
    { class: `desk-line ${isCustomer ? "is-customer" : "is-mine"}${isNote ? " is-note" : ""}`, data: { seq: message.seq } },
    face,
    make(
      "div",
      { class: "desk-bubble" },
      make("header", {}, make("b", { textContent: nameOf(message.sender) }), isNote ? make("span", { class: "desk-lock", textContent: "🔒 note, staff only" }) : null, make("time", { dateTime: message.created_at, title: fullTime(new Date(message.created_at)), textContent: whenName(new Date(message.created_at)) })),
      make("div", { class: "desk-body markdown", dir: "auto" }, ...(message.deleted_at ? ["Message deleted"] : equipped(draw(message.body)))),
      filesOf(message),
      message.edited_at && !message.deleted_at ? make("small", { textContent: "edited" }) : null,
    ),
  );
}
