/**
 * One conversation as an agent reads it: what was said and the notes, merged by time. Follows both logs where the person is
 * in them, and looks again by HTTP where not. Knows no elements.
 */
import { get } from "../page/api.js";

const PAGE = 100;
const LOOK_MS = 5_000;

/** Emits `changed`; `gone` when the person may not read it. */
export class Talk extends EventTarget {
  /** @type {Map<number, Message>} */ #said = new Map();
  /** @type {Map<number, Message>} */ #notes = new Map();
  /** @type {any} */ #timer = null;
  /** @type {number | null} */ #before = null;
  #isLive;
  #mayRead;
  #isClosed = false;
  /** @type {string | null} */ refusal = null;
  isLoaded = false;

  /** `isLive(channel)`: whether its changes come by the socket; `mayRead()`: whether the person may ask for it. */
  constructor(/** @type {{ row: Ticket, isLive: (channel: number) => boolean, mayRead: () => boolean }} */ { row, isLive, mayRead }) {
    super();
    this.row = row;
    this.#isLive = isLive;
    this.#mayRead = mayRead;
  }

  get id() {
    return this.row.id;
  }

  get hasOlder() {
    return this.#before != null;
  }

  /** Up to this number the person has what was said: what an answer says that it has seen. */
  get seen() {
    return Math.max(0, ...[...this.#said.values()].map(({ seq }) => seq));
  }

  /** In the order of time; a note is one of another channel. */
  get messages() {
    return [...this.#said.values(), ...this.#notes.values()].sort(
      (a, b) => Date.parse(a.created_at) - Date.parse(b.created_at) || a.channel - b.channel || a.seq - b.seq,
    );
  }

  async load() {
    clearTimeout(this.#timer);
    if (!this.#mayRead()) {
      this.refusal = "Claim the conversation to read it.";
      return this.#tell();
    }
    try {
      const [said, notes] = await Promise.all([this.#page("messages"), this.#page("notes")]);
      if (!this.isLoaded) this.#before = said.next_before;
      this.#keep(this.#said, said.results);
      this.#keep(this.#notes, notes.results);
      this.refusal = null;
      this.isLoaded = true;
    } catch (problem) {
      if (problem.status !== 403 && problem.status !== 404) return this.#later();
      this.refusal = problem.detail;
    }
    this.#tell();
    this.#later();
  }

  async older() {
    if (this.#before == null) return;
    const said = await this.#page("messages", { before: this.#before });
    this.#before = said.next_before;
    this.#keep(this.#said, said.results);
    this.#tell();
  }

  /** The next changes of one of its channels. */
  take(/** @type {{ channel: number, changes: Message[] }} */ { channel, changes }) {
    this.#keep(channel === this.id ? this.#said : this.#notes, changes);
    this.#tell();
  }

  /** A message that was accepted. */
  put(/** @type {Message} */ message) {
    this.take({ channel: message.channel, changes: [message] });
  }

  /** Forgets what one of its channels may not have any more: messages up to its `floor`. To be loaded again after that. */
  forget(/** @type {{ id: number, floor?: number }} */ { id, floor = 0 }) {
    const held = id === this.id ? this.#said : this.#notes;
    for (const seq of [...held.keys()]) if (seq <= floor) held.delete(seq);
    this.#tell();
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #later() {
    if (this.#isClosed || this.#isLive(this.id)) return;
    this.#timer = setTimeout(() => (document.hidden ? this.#later() : this.load()), LOOK_MS);
  }

  #page(/** @type {string} */ part, query = {}) {
    return get(`support/conversations/${this.id}/${part}/`, { page_size: PAGE, ...query });
  }

  #keep(/** @type {Map<number, Message>} */ into, /** @type {Message[]} */ messages) {
    for (const message of messages) if ((into.get(message.seq)?.rev ?? 0) <= message.rev) into.set(message.seq, message);
  }

  #tell() {
    if (!this.#isClosed) this.dispatchEvent(new Event("changed"));
  }
}
