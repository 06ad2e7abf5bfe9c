/**
 * The messages and drafts of the open channel as rows, in the order of `order.js`.
 * Knows grouping and dividers; refuses to know where messages come from and where the view is.
 */
import { clone } from "../page/dom.js";
import { isSameDay } from "../page/format.js";
import { inOrder } from "./order.js";
import { fillDay, fillDraft, fillRow, fillTicks } from "./row.js";

const GROUP_MS = 5 * 60_000;
/** In a row, beside the links and the code of what was said. */
const STOPS = ".quote, .unfold, .files :is(a, audio, video), .cite, .reactions button, .thread-line, .ticks";

export class Timeline {
  /** @type {Message[]} */ messages = []; // by seq, those without a row on screen too
  /** @type {((row: any, message: any) => void)[]} */ parts = []; // what features show in a row, of a message or a draft
  isAtLatest = true; // nothing newer than the last row is known
  /** @type {number | null} */ dividerSeq = null; // the first unread message
  #list;
  #me;
  #rows = new Map(); // message id → row
  #drafts = new Map(); // client_msg_id → row
  #shown = new WeakMap(); // row → message or draft
  #statusOf;
  #isBlocked;
  #isShown;
  #unfolded = new Set(); // message id

  /**
   * `statusOf(message)`: sent, delivered or read. `isBlocked(user)`: what they wrote is folded until it is asked for.
   * `isShown(message)`: others are held, so that the numbers are whole, and stand elsewhere.
   */
  constructor(/** @type {{ list: any, me: Me, statusOf: Callback, isBlocked: Callback, isShown?: Callback }} */ { list, me, statusOf, isBlocked, isShown = () => true }) {
    this.#isShown = isShown;
    this.#isBlocked = isBlocked;
    this.#list = list;
    this.#me = me;
    this.#statusOf = statusOf;
  }

  get first() {
    return this.messages[0];
  }

  get last() {
    return this.messages.at(-1);
  }

  /** The messages that stand on screen. */
  get shown() {
    return this.messages.filter(this.#isShown);
  }

  /** Most of what is held is not shown here. */
  get isSparse() {
    return this.shown.length * 2 < this.messages.length;
  }

  has(/** @type {any} */ id) {
    return this.#rows.has(id);
  }

  row(/** @type {any} */ id) {
    return this.#rows.get(id);
  }

  /** The message or draft that a row (or something in it) shows. */
  at(/** @type {any} */ element) {
    return this.#shown.get(element?.closest?.(".row"));
  }

  find(/** @type {any} */ id) {
    return this.#shown.get(this.#rows.get(id));
  }

  clear() {
    this.messages = [];
    this.dividerSeq = null;
    this.#rows.clear();
    this.#drafts.clear();
    this.#list.replaceChildren();
  }

  /** Shows each message once, in its place; of two states of one message the newer stays. */
  merge(/** @type {Message[]} */ messages) {
    for (const message of messages) this.#put(message);
    this.arrange();
  }

  /** Takes rows away at the `start` or the `end` until `most` are left; true when some went. */
  trim(/** @type {"start" | "end"} */ side, /** @type {number} */ most) {
    const { shown } = this;
    if (shown.length <= most) return false;
    const edge = this.messages.indexOf(side === "start" ? shown[shown.length - most] : shown[most]);
    const gone = side === "start" ? this.messages.splice(0, edge) : this.messages.splice(edge);
    for (const { id } of gone) {
      this.#rows.get(id).remove();
      this.#rows.delete(id);
    }
    this.arrange();
    return true;
  }

  showDrafts(/** @type {Draft[]} */ drafts) {
    const wanted = new Set(drafts.map((/** @type {Draft} */ draft) => draft.client_msg_id));
    for (const id of this.#drafts.keys()) if (!wanted.has(id)) this.dropDraft(id);
    for (const draft of drafts) this.#putDraft(draft);
    this.arrange();
  }

  dropDraft(/** @type {any} */ id) {
    this.#drafts.get(id)?.remove();
    this.#drafts.delete(id);
  }

  /** Shows a folded message. */
  unfold(/** @type {Message} */ message) {
    this.#unfolded.add(message.id);
    this.refold();
  }

  /** Something that a row shows beside what the server says is new. */
  redraw(/** @type {number} */ id) {
    const message = this.find(id);
    if (message) this.#fill(this.row(id), message);
  }

  /** Somebody was blocked or unblocked. */
  refold() {
    for (const message of this.messages) this.#fill(this.row(message.id), message);
  }

  /** Own messages show how far they have got. */
  refreshTicks() {
    for (const message of this.messages) {
      const status = this.#status(message);
      if (status) fillTicks(this.row(message.id).querySelector(".ticks"), status);
    }
  }

  /** Brings each row to its place. Dividers, days and groups depend on neighbours, so they are set when all stand. */
  arrange() {
    this.#order();
    let previous = null;
    let isDivided = this.dividerSeq == null;
    for (const row of this.#list.children) {
      const current = this.#asNeighbour(row);
      const isNewDay = !previous || !isSameDay(previous.at, current.at);
      const isUnread = !isDivided && current.seq >= (this.dividerSeq ?? 0);
      isDivided ||= isUnread;
      fillDay(row, isNewDay ? current.at : null);
      row.querySelector(".unread-line").hidden = !isUnread;
      row.classList.toggle("is-continued", !isNewDay && !isUnread && isGroup(previous, current));
      previous = current;
    }
    this.#keepOneTabStop();
  }

  /** Exactly one row can be reached by Tab, with all that can be opened in it; arrow keys move it. */
  rove(/** @type {any} */ row) {
    for (const stop of this.#list.querySelectorAll(`[tabindex="0"]:is(.row, ${STOPS})`)) stop.tabIndex = -1;
    for (const stop of [row, ...row.querySelectorAll(STOPS)]) stop.tabIndex = 0;
  }

  #order() {
    for (const { client_msg_id: id, sender } of this.messages) if (sender?.id === this.#me.id) this.dropDraft(id);
    const drafts = [...this.#drafts.values()];
    const items = [...this.shown, ...drafts.map((row) => this.#shown.get(row))].sort(inOrder);
    const rows = items.map((item) => this.#rows.get(item.id) ?? this.#drafts.get(item.client_msg_id));
    // Only drafts ever move: they leave their old place first, so that nothing else has to.
    for (const [place, row] of rows.entries()) if (drafts.includes(row) && !isBetween(row, rows[place - 1], rows[place + 1])) row.remove();
    let next = this.#list.firstElementChild;
    for (const row of rows) {
      if (row === next) next = next.nextElementSibling;
      else this.#list.insertBefore(row, next);
    }
  }

  // A reader who comes from another channel sees the newest messages.
  #keepOneTabStop() {
    const { lastElementChild: last } = this.#list;
    const isHere = this.#list.contains(document.activeElement) && this.#list.querySelector('.row[tabindex="0"]');
    if (last && !isHere && last.tabIndex !== 0) this.rove(last);
  }

  #put(/** @type {Message} */ message) {
    const known = this.find(message.id);
    if (known && known.rev >= message.rev) return;
    const row = this.#rows.get(message.id) ?? this.#insert(message);
    if (known) this.messages[this.messages.indexOf(known)] = message;
    this.#shown.set(row, message);
    this.#fill(row, message);
    for (const other of this.messages) if (other.reply_to === message.id) this.#fill(this.row(other.id), other);
  }

  #insert(/** @type {Message} */ message) {
    let index = this.messages.length;
    while (index > 0 && this.messages[index - 1].seq > message.seq) index -= 1;
    this.messages.splice(index, 0, message);
    const row = clone("message-row");
    this.#rows.set(message.id, row);
    return row;
  }

  #fill(/** @type {any} */ row, /** @type {Message} */ message) {
    const isFolded = (/** @type {Message} */ { id, kind, sender }) => kind === "text" && this.#isBlocked(sender?.id) && !this.#unfolded.has(id);
    fillRow(row, message, { quoted: this.find(message.reply_to), status: this.#status(message), isFolded });
    for (const show of this.parts) show(row, message);
    if (row.tabIndex === 0) this.rove(row);
  }

  #status(/** @type {Message} */ message) {
    if (message.kind !== "text" || message.sender?.id !== this.#me.id || message.deleted_at) return null;
    // Kept: read messages stay read when members come and go.
    message.status = this.#statusOf(message);
    return message.status;
  }

  #putDraft(/** @type {Draft} */ draft) {
    const row = this.#drafts.get(draft.client_msg_id) ?? clone("message-row");
    this.#shown.set(row, draft);
    fillDraft(row, draft, { me: this.#me, quoted: this.find(draft.reply_to) });
    for (const show of this.parts) show(row, draft);
    this.#drafts.set(draft.client_msg_id, row);
  }

  #asNeighbour(/** @type {any} */ row) {
    const { seq = 0, sender = this.#me, created_at: createdAt, at, kind = "text" } = this.#shown.get(row);
    return { seq, kind, sender: sender?.id, at: new Date(createdAt ?? at) };
  }
}

const isGroup = (/** @type {any} */ previous, /** @type {any} */ current) =>
  previous.kind === "text" && current.kind === "text" && previous.sender === current.sender && current.at - previous.at < GROUP_MS;

const isBetween = (/** @type {any} */ row, /** @type {any} */ previous = null, /** @type {any} */ next = null) => row.previousElementSibling === previous && row.nextElementSibling === next;
