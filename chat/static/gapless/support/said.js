/** One timeline of what was said and of the notes, which are yellow and have a lock. */
import { equipped } from "../markdown/code.js";
import { draw } from "../markdown/draw.js";
import { filesOf } from "../files/shown.js";
import { byId, make } from "../page/dom.js";
import { dayName, fullTime, whenName } from "../page/format.js";
import { isSelectedIn, Steady } from "../page/steady.js";
import { nameOf, paintInitials } from "../people/names.js";

const NEAR = 80; // px from the end: a reader so near the end stays at the end

export class Said {
  #box = byId("desk-said");
  #rows = new Steady(this.#box);
  /** @type {number | null} */ #shown = null;

  /** `talk`: the conversation; `sending`: what is on its way. */
  draw(/** @type {import("./talk.js").Talk} */ talk, /** @type {any[]} */ sending) {
    const box = this.#box;
    const isOther = this.#shown !== talk.id;
    const fromEnd = box.scrollHeight - box.scrollTop - box.clientHeight;
    this.#shown = talk.id;
    this.#rows.place(talk.isLoaded && !talk.refusal ? this.#all(talk, sending) : [this.#word(talk.refusal ?? "Loading…")]);
    if (isOther || (fromEnd < NEAR && !isSelectedIn(box))) box.scrollTop = box.scrollHeight;
  }

  /** What a row says, for copying; of a note, that it is one. @returns {import("../page/copied.js").Said | null} */
  of(/** @type {any} */ row, /** @type {import("./talk.js").Talk} */ talk) {
    const { channel, seq } = row.dataset;
    const message = talk.messages.find((each) => each.channel === Number(channel) && each.seq === Number(seq));
    if (!message || message.deleted_at) return null;
    const name = `${nameOf(message.sender)}${message.channel === talk.id ? "" : " (note, staff only)"}`;
    return { name, at: new Date(message.created_at), body: row.querySelector(".desk-body"), source: message.body, files: (message.files ?? []).map((/** @type {{ name: string }} */ file) => file.name) };
  }

  #all(/** @type {import("./talk.js").Talk} */ talk, /** @type {any[]} */ sending) {
    // A message may come by the log before its answer.
    const arrived = new Set(talk.messages.map(({ client_msg_id }) => client_msg_id));
    const waiting = sending.filter(({ client_msg_id }) => !arrived.has(client_msg_id));
    const rows = talk.hasOlder ? [this.#rows.row(`older ${talk.id}`, "", () => make("button", { type: "button", class: "desk-more", textContent: "Show earlier", on: { click: () => this.#older(talk) } }))] : [];
    let day = "";
    for (const message of talk.messages) {
      const name = dayName(new Date(message.created_at));
      if (name !== day) rows.push(this.#rows.row(`day ${name}`, "", () => make("div", { class: "desk-day", textContent: name })));
      day = name;
      rows.push(this.#rows.row(`said ${message.channel} ${message.seq}`, `${message.rev} ${nameOf(message.sender)} ${whenName(new Date(message.created_at))}`, () => rowOf(message, talk)));
    }
    return [...rows, ...waiting.map((draft) => this.#rows.row(`sending ${draft.client_msg_id}`, "", () => waitingRow(draft)))];
  }

  #word(/** @type {string} */ word) {
    return this.#rows.row("word", word, () => make("p", { class: "desk-quiet desk-none", textContent: word }));
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
    { class: `desk-line ${isCustomer ? "is-customer" : "is-mine"}${isNote ? " is-note" : ""}`, data: { channel: message.channel, seq: message.seq } },
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
