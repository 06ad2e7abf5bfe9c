/**
 * Where an agent writes: an answer or a note, kept for each conversation. An answer says how far it has seen the conversation;
 * if somebody else has answered meanwhile the server refuses it, what was missed is shown, and the text stays.
 */
import { elapsed } from "../client/clock.js";
import { byId } from "../page/dom.js";
import { MESSAGE_BYTES } from "../page/limits.js";
import { format } from "../writing/formatting.js";
import { roomOf } from "../writing/room.js";

const TYPING_MS = 3_000;

/** Emits `typing` {on}. */
export class Composer extends EventTarget {
  #form = byId("desk-composer");
  #box = byId("desk-box");
  #problem = byId("desk-problem");
  #drafts;
  #sending;
  #attaching;
  /** @type {import("./talk.js").Talk | null} */ #talk = null;
  #typedAt = 0;

  constructor(/** @type {{ drafts: any, sending: any, attaching: import("./attaching.js").Attaching }} */ { drafts, sending, attaching }) {
    super();
    this.#drafts = drafts;
    this.#sending = sending;
    this.#attaching = attaching;
    sending.addEventListener("refused", (/** @type {any} */ { detail: { conversation, problem } }) => this.#talk?.id === conversation && this.#refuse(problem));
    this.#form.addEventListener("submit", (/** @type {Event} */ event) => (event.preventDefault(), this.send()));
    byId("desk-send-resolve").addEventListener("click", () => this.send({ resolves: true }));
    this.#box.addEventListener("input", () => this.#typed());
    this.#box.addEventListener("keydown", (/** @type {any} */ event) => {
      if (event.key === "Escape") this.#box.blur();
      if (event.key !== "Enter" || event.isComposing || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.send({ resolves: event.shiftKey });
    });
    format(this.#box, { breaks: ({ ctrlKey, metaKey }) => !ctrlKey && !metaKey });
    for (const radio of this.#form.mode) radio.addEventListener("change", () => this.turn(radio.value));
  }

  get mode() {
    return this.#form.mode.value;
  }

  open(/** @type {import("./talk.js").Talk} */ talk) {
    this.#talk = talk;
    this.#attaching.open(talk.id);
    this.#say("");
    this.#form.mode.value = this.#drafts.of(talk.id).mode;
    this.draw();
    this.#sending.resume(talk.id);
  }

  /** What the conversation has become: an answer to a resolved one opens it again, and one may not write without reading. */
  draw() {
    const talk = this.#talk;
    if (!talk) return;
    const draft = this.#drafts.of(talk.id);
    const isNote = this.mode === "note";
    if (this.#box.value !== draft[this.mode]) this.#box.value = draft[this.mode];
    this.#form.hidden = Boolean(talk.refusal);
    this.#form.classList.toggle("is-note", isNote);
    this.#box.setAttribute("aria-label", isNote ? "Note for the staff" : "Answer");
    this.#box.placeholder = isNote ? "A note for the staff. The customer never sees it." : `Answer ${talk.row.visitor.display_name}. / for canned answers.`;
    byId("desk-send").textContent = isNote ? "Add note" : "Send";
    byId("desk-send-resolve").hidden = isNote || talk.row.state === "resolved";
    byId("desk-hint").textContent = talk.row.state === "resolved" && !isNote ? "Resolved: reopen it to answer." : "";
    this.#count();
  }

  turn(/** @type {string} */ mode) {
    if (!this.#talk) return;
    this.#form.mode.value = mode;
    this.#drafts.save(this.#talk.id, { mode });
    this.draw();
  }

  focus() {
    this.#box.focus();
  }

  put(/** @type {string} */ text) {
    this.#box.value = text;
    this.#typed();
    this.#box.focus();
  }

  send({ resolves = false } = {}) {
    const talk = this.#talk;
    const body = this.#box.value.trim();
    const mode = this.mode;
    if (!talk || !(body || this.#attaching.count) || this.#isTooLong()) return;
    if (this.#attaching.isUnderWay) return this.#say("Not all files have arrived yet. Wait for them, or remove the files that can't be sent.");
    const kind = mode === "note" ? "note" : resolves ? "resolve" : "answer";
    this.#say("");
    this.#typing(false);
    const seen = mode === "note" ? {} : { seen_seq: talk.seen };
    this.#sending.send(talk.id, { kind, body, attached: this.#attaching.take(), ...seen });
  }

  #refuse(/** @type {any} */ problem) {
    this.draw();
    if (problem.code !== "overtaken") return this.#say(problem.detail);
    for (const message of problem.missed ?? []) this.#talk?.put(message);
    this.#say("Somebody else has answered meanwhile, see above. Your text is still here; press Send to send it anyway.");
  }

  #typed() {
    if (!this.#talk) return;
    this.#drafts.save(this.#talk.id, { [this.mode]: this.#box.value, mode: this.mode });
    this.#count();
    if (this.mode === "answer") this.#typing(Boolean(this.#box.value.trim()));
  }

  #typing(/** @type {boolean} */ on) {
    if (on && this.#typedAt && elapsed() - this.#typedAt < TYPING_MS) return;
    if (!on && !this.#typedAt) return;
    this.#typedAt = on ? elapsed() : 0;
    this.#emit("typing", { on });
  }

  #isTooLong() {
    return roomOf(this.#box.value.trim(), MESSAGE_BYTES).over > 0;
  }

  #count() {
    const { over, sentence } = roomOf(this.#box.value.trim(), MESSAGE_BYTES);
    byId("desk-left").textContent = sentence;
    byId("desk-left").classList.toggle("is-late", over > 0);
  }

  #say(/** @type {string} */ sentence) {
    this.#problem.textContent = sentence;
    this.#problem.hidden = !sentence;
  }

  #emit(/** @type {string} */ name, /** @type {any} */ detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
