/**
 * The box to write in: new messages, replies and edits. Keeps what is half-written for each channel.
 * Refuses to know how a message travels.
 */
import { plain } from "../markdown/plain.js";
import { byId, isTouch, make } from "../page/dom.js";
import { MESSAGE_BYTES } from "../page/limits.js";
import { paintName } from "../people/names.js";
import { roomOf } from "./room.js";

export class Composer {
  #form;
  #box;
  #left;
  #context;
  #key;
  /** @type {any} */ #channel = null;
  #kept = ""; // what is stored for it, as far as this tab knows
  /** @type {Message | null} */ #reply = null;
  /** @type {Message | null} */ #editing = null;
  #began = ""; // what it said when the person began to change it
  #isHeld = false;
  #post;
  #edit;
  #lastOwn;
  #typed;
  /** What goes along with a new message. @type {{ open: (id: number | string) => void, count: () => number, take: () => any[], put: (files: any[]) => void }} */ attached = { open: () => {}, count: () => 0, take: () => [], put: () => {} };

  /** Takes a text that is too long for a message, where files can be sent; false: there is no room for it. @type {((text: string) => boolean) | null} */ asFile = null;

  /**
   * `form`: its markup is that of `_composer.html`. `post(body, replyTo)`; `edit(message, body)` resolves or rejects with `detail`; `lastOwn()` for the up arrow;
   * `typed(text)` at each change of a new message by the person.
   */
  constructor(/** @type {{ form?: any, user: any, post: Callback, edit: Callback, lastOwn: Callback, typed?: Callback }} */ { form = byId("composer"), user, post, edit, lastOwn, typed = () => {} }) {
    this.#form = form;
    this.#box = form.querySelector("textarea");
    this.#left = form.querySelector(".composer-left");
    this.#context = form.querySelector(".composer-context");
    this.#key = `gapless.text.${user}.`;
    this.#post = post;
    this.#edit = edit;
    this.#lastOwn = lastOwn;
    this.#typed = typed;
    this.#form.addEventListener("submit", (/** @type {any} */ event) => this.#submit(event));
    // The key of a touch keyboard breaks the line, and says so: there is no Shift, and the button sends.
    if (isTouch()) this.#box.enterKeyHint = "enter";
    this.#box.required = false; // files need no words
    this.#box.addEventListener("input", () => {
      this.#changed();
      if (!this.#editing) this.#typed(this.#box.value);
    });
    addEventListener("storage", ({ key }) => key === this.#key + this.#channel?.id && this.#follow());
    addEventListener("focus", () => this.#follow());
    this.#box.addEventListener("keydown", (/** @type {any} */ event) => this.#pressed(event));
    this.#context.lastElementChild.addEventListener("click", () => this.cancel());
    this.#form.querySelector(".composer-as-file")?.addEventListener("click", () => this.#sendAsFile());
  }

  /** `channel`: by whose id what is half-written is kept; null: nothing can be written. */
  open(/** @type {{ id: number | string } | null} */ channel) {
    this.#reply = this.#editing = null;
    this.#channel = channel;
    this.#form.hidden = !channel;
    this.attached.open(channel?.id ?? 0);
    if (!channel) return;
    this.#write(this.#stored());
    this.#showContext();
    this.focus();
  }

  /** Not on touch: the keyboard would cover what people came to read. */
  focus() {
    if (!isTouch()) this.#box.focus({ preventScroll: true });
  }

  /** More or less goes along. */
  refresh() {
    this.#show();
  }

  /** While held nothing is sent from the box; what is written stays in it. */
  hold(/** @type {boolean} */ isHeld) {
    if (this.#isHeld === isHeld) return;
    this.#isHeld = isHeld;
    this.#form.classList.toggle("is-held", isHeld);
    this.#form.querySelector(".send").disabled = isHeld;
  }

  reply(/** @type {Message} */ message) {
    this.#endEdit();
    this.#reply = message;
    this.#showContext();
    this.#box.focus();
  }

  /** What was written before it was sent, before what has been written since; and what it answers. */
  retake(/** @type {string} */ body, /** @type {Message | null} */ replyTo, /** @type {any[]} */ files = []) {
    this.#endEdit();
    this.#reply = replyTo;
    this.attached.put(files);
    this.#write([body, this.#box.value].filter(Boolean).join("\n"));
    this.#showContext();
    this.#box.focus();
  }

  edit(/** @type {Message} */ message) {
    this.#reply = null;
    this.#editing = message;
    this.#began = message.body;
    this.#write(message.body);
    this.#showContext();
    this.#box.focus();
    this.#box.setSelectionRange(message.body.length, message.body.length);
  }

  /** Messages as they are now: what is being edited may have been changed or deleted elsewhere meanwhile. */
  hear(/** @type {Message[]} */ messages) {
    const now = messages.find(({ id }) => id === this.#editing?.id);
    if (!now || (now.body === this.#editing?.body && !now.deleted_at)) return;
    this.#editing = now;
    this.#showContext();
  }

  /** Drops the reply or the edit; true when there was one. */
  cancel() {
    if (!this.#reply && !this.#editing) return false;
    this.#reply = null;
    this.#endEdit();
    this.#showContext();
    this.#box.focus();
    return true;
  }

  async #submit(/** @type {any} */ event) {
    event.preventDefault();
    const body = this.#box.value.replace(/^\n+|\s+$/g, "");
    const isEmpty = !body && !(this.#editing ? this.#editing.files?.length : this.attached.count());
    if (isEmpty || !this.#channel || this.#isHeld || this.#isTooLong(body)) return this.#changed();
    if (this.#editing) return this.#save(this.#editing, body);
    const files = this.attached.take();
    const replyTo = this.#reply?.id ?? null;
    this.#reply = null;
    this.#write("");
    this.#showContext();
    this.#box.focus({ preventScroll: true });
    this.#post(body, replyTo, files);
  }

  async #save(/** @type {Message} */ message, /** @type {string} */ body) {
    try {
      this.#began = body;
      if (body !== message.body) await this.#edit(message, body);
      if (this.#editing?.id === message.id) this.cancel();
    } catch ({ detail }) {
      this.#left.textContent = `Not changed. ${detail} Your text is still here.`;
    }
  }

  #pressed(/** @type {any} */ event) {
    // While an input method composes, Enter and the arrows are its keys (229: what Safari says for it).
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey && !isTouch()) {
      event.preventDefault();
      this.#form.requestSubmit();
    }
    if (event.key === "ArrowUp" && !this.#box.value && !this.#editing) {
      const message = this.#lastOwn();
      if (!message) return;
      event.preventDefault();
      this.edit(message);
    }
  }

  // Another tab writes the same text: this one shows it, and never stores what it has not written itself.
  #follow() {
    if (!this.#channel || this.#editing || this.#box.value !== this.#kept) return;
    this.#box.value = this.#stored();
    this.#show();
  }

  #changed() {
    if (!this.#editing) this.#store(this.#box.value);
    this.#show();
  }

  #show() {
    this.#fit();
    const { over, sentence } = roomOf(this.#box.value.trimEnd(), MESSAGE_BYTES);
    this.#left.classList.toggle("is-over", over > 0);
    this.#left.textContent = over ? `${sentence} Shorten it or send it in two; it is kept here.` : sentence;
    const asFile = this.#form.querySelector(".composer-as-file");
    if (asFile) asFile.hidden = !over || !this.asFile || Boolean(this.#editing);
    this.#form.classList.toggle("is-empty", !this.#box.value.trim() && !this.attached.count());
  }

  #sendAsFile() {
    if (this.asFile?.(this.#box.value)) this.#write("");
    this.#box.focus();
  }

  #isTooLong(/** @type {string} */ body) {
    return roomOf(body, MESSAGE_BYTES).over > 0;
  }

  #endEdit() {
    const wasEditing = this.#editing;
    this.#editing = null;
    if (wasEditing) this.#write(this.#stored());
  }

  #write(/** @type {string} */ text) {
    this.#box.value = text;
    this.#changed();
  }

  #showContext() {
    const about = this.#editing ?? this.#reply;
    this.#context.hidden = !about;
    this.#form.classList.toggle("is-editing", Boolean(this.#editing));
    if (!about) return;
    const text = plain(about.body).slice(0, 120);
    const what = this.#editing ? [editingText(this.#editing, this.#began)] : ["Replying to ", paintName(make("span"), about.sender), `: ${text}`];
    this.#context.firstElementChild.replaceChildren(...what);
  }

  #fit() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#box.style.height = "auto";
    this.#box.style.height = `${this.#box.scrollHeight}px`;
  }

  #stored() {
    try {
      this.#kept = localStorage.getItem(this.#key + this.#channel.id) ?? "";
    } catch {
      this.#kept = "";
    }
    return this.#kept;
  }

  #store(/** @type {string} */ text) {
    try {
      if (text) localStorage.setItem(this.#key + this.#channel.id, text);
      else localStorage.removeItem(this.#key + this.#channel.id);
      this.#kept = text;
    } catch {
      // Not kept over a reload, still in the box.
    }
  }
}

function editingText(/** @type {Message} */ { body, deleted_at: deletedAt }, /** @type {string} */ began) {
  if (deletedAt) return "This message was deleted meanwhile: it can't be changed. Your text is still here.";
  return body === began ? "Editing your message" : `Editing your message. It was changed on another device meanwhile: ${plain(body).slice(0, 120)}`;
}
