/**
 * The queue of the person's inboxes: rows by HTTP, and from then on kept by the desks' numbered logs alone. Knows no elements.
 */
import { get } from "../page/api.js";

const ROOT = "support/conversations/";
const PAGE = 100;
const SETTLE_MS = 400; // events come in bursts
const DUE_MS = 2_500; // what is due is worked out after the event
const FACTS = ["episode", "state", "lease_until", "waiting_since", "snoozed_until"];

/** @type {Record<string, (row: Ticket, me: number) => boolean>} */
const WHOSE = {
  mine: (row, me) => row.assignee?.id === me,
  unassigned: (row) => row.assignee == null,
  all: () => true,
};

/** Emits `changed` when rows or counts did, `news` {row, type} for each event of a desk's log. */
export class Queue extends EventTarget {
  /** @type {Map<number, Ticket>} */ #rows = new Map();
  /** @type {Map<number, number>} */ #numbers = new Map(); // of the last event that a row was told of
  /** @type {Record<string, string | null>} */ #cursors = {};
  /** @type {any} */ #timer = null;
  /** @type {Set<number>} */ #stale = new Set();
  #me;
  #nameOf;
  counts = { mine: 0, unassigned: 0, all: 0, waiting: 0, waiting_since: null };
  /** @type {number | null} */ inbox = null;

  /** `nameOf(id)`: the agent as a person. */
  constructor(/** @type {{ me: number, nameOf: (id: number) => Person | null }} */ { me, nameOf }) {
    super();
    this.#me = me;
    this.#nameOf = nameOf;
  }

  /** All afresh: the first page of each list. */
  async load() {
    this.#rows.clear();
    this.#cursors = {};
    await Promise.all([this.more("mine"), this.more("unassigned"), this.more("all"), this.#count()]);
  }

  hasMore(/** @type {string} */ whose) {
    return this.#cursors[whose] !== null;
  }

  async more(/** @type {string} */ whose) {
    const cursor = this.#cursors[whose];
    const page = await get(ROOT, { whose, page_size: PAGE, ...this.#only(), ...(cursor ? { cursor } : {}) });
    this.#cursors[whose] = page.next_cursor;
    for (const row of page.results) this.#rows.set(row.id, row);
    this.#tell();
  }

  get(/** @type {number} */ id) {
    return this.#rows.get(id);
  }

  /** A row as an act has answered it. */
  put(/** @type {Ticket} */ row) {
    this.#rows.set(row.id, row);
    this.#tell();
    this.#settle();
  }

  /** The row, asked for where it is not held. */
  async find(/** @type {number} */ id) {
    if (!this.#rows.has(id)) this.#rows.set(id, await get(`${ROOT}${id}/`));
    return /** @type {Ticket} */ (this.#rows.get(id));
  }

  /** Not resolved, the longest wait first. */
  list(/** @type {string} */ whose) {
    const rows = [...this.#rows.values()].filter((row) => row.state !== "resolved" && this.#isOfInbox(row) && WHOSE[whose](row, this.#me));
    return rows.sort((a, b) => waitOf(a) - waitOf(b) || a.id - b.id);
  }

  /** Asks for the row soon: it has changed without an event. */
  renew(/** @type {number} */ id) {
    this.#stale.add(id);
    this.#settle();
  }

  /** The next changes of a desk's log. */
  take(/** @type {{ changes: Message[] }} */ { changes }) {
    for (const { event, seq } of changes) if (event?.conversation) this.#hear(event, seq);
    this.#tell();
    this.#settle();
  }

  #hear(/** @type {any} */ event, /** @type {number} */ number) {
    const id = event.conversation;
    this.#stale.add(id);
    if ((this.#numbers.get(id) ?? 0) >= number) return;
    this.#numbers.set(id, number);
    const row = this.#rows.get(id);
    if (row) {
      for (const fact of FACTS) if (fact in event) Object.assign(row, { [fact]: event[fact] });
      row.assignee = event.assignee == null ? null : this.#nameOf(event.assignee);
    }
    this.dispatchEvent(new CustomEvent("news", { detail: { id, type: event.type, by: event.by, row } }));
  }

  // What an event does not say (names, what is due) is asked for once the burst is over.
  #settle() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      const unknown = [...this.#stale].filter((id) => !this.#rows.has(id));
      const known = [...this.#stale].filter((id) => this.#rows.has(id));
      this.#stale.clear();
      await Promise.all([this.#count(), ...unknown.map((id) => this.#refresh(id))]).catch(() => this.#settle());
      this.#tell();
      if (known.length) setTimeout(() => Promise.all(known.map((id) => this.#refresh(id))).then(() => this.#tell(), () => {}), DUE_MS);
    }, SETTLE_MS);
  }

  async #refresh(/** @type {number} */ id) {
    const before = this.#numbers.get(id);
    const row = await get(`${ROOT}${id}/`);
    // An event that came meanwhile is newer than the answer may be.
    if (this.#numbers.get(id) === before) this.#rows.set(id, row);
    else this.#stale.add(id);
  }

  async #count() {
    this.counts = await get(`${ROOT}counts/`, this.#only());
  }

  #only() {
    return this.inbox == null ? {} : { inbox: this.inbox };
  }

  #isOfInbox(/** @type {Ticket} */ row) {
    return this.inbox == null || row.inbox === this.inbox;
  }

  #tell() {
    this.dispatchEvent(new Event("changed"));
  }
}

const waitOf = (/** @type {Ticket} */ row) => (row.waiting_since ? Date.parse(row.waiting_since) : Number.MAX_SAFE_INTEGER);
