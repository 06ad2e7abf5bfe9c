/**
 * The conversation of a visit: its log, complete up to a number, and what waits to be said. Knows no element of the page.
 */
import { Persistence } from "../client/backoff.js";
import { Line } from "./line.js";
import { Unsent } from "./unsent.js";

/** Emits `changed` (look at everything), `fresh` [messages of others, just heard], `typing` [user ids], `state` {isOnline}, `ended`. */
export class Talk extends EventTarget {
  #visit;
  #around;
  #files;
  /** @type {any} */ conversation = null;
  /** @type {Map<number, any>} */ #messages = new Map();
  #head = 0;
  #epoch = "";
  #readUpTo = 0;
  /** @type {number | null} */ olderThan = null;
  /** @type {Line | null} */ #line = null;
  /** @type {Promise<void> | null} */ #catching = null;
  #persistence = new Persistence();
  unsent;

  /** `around()`: {page, locale} for a conversation that begins; `files`: what is attached, and on its way. */
  constructor(/** @type {{ visit: import("./visit.js").Visit, store: import("./store.js").Store, around: () => object, files: import("./attached.js").Attached }} */ { visit, store, around, files }) {
    super();
    this.#visit = visit;
    this.#around = around;
    this.#files = files;
    this.unsent = new Unsent(store, (draft, signal) => this.#send(draft, signal));
    this.unsent.addEventListener("said", ({ detail: draft }) => files.forget(draft.files ?? []));
    this.unsent.addEventListener("changed", () => this.#tell("changed"));
  }

  get messages() {
    return [...this.#messages.values()].sort((a, b) => a.seq - b.seq);
  }

  /** What is there of the visit, and all that comes. Harmless to repeat. */
  async load() {
    if (!this.#visit.token) return this.unsent.flush();
    const { results } = await this.#visit.get("support/conversations/", { page_size: 1 });
    if (results[0]) await this.#show(results[0]);
    this.unsent.flush();
  }

  /** Nothing of it is shown any more: the visit is over, or another person's. */
  clear() {
    this.#line?.stop();
    this.#line = null;
    this.#persistence.succeeded();
    this.#catching = null;
    this.conversation = null;
    this.#messages.clear();
    this.#head = this.#readUpTo = 0;
    this.olderThan = null;
    this.#tell("changed");
  }

  async loadOlder() {
    if (this.olderThan == null) return;
    const page = await this.#visit.get(`channels/${this.conversation.id}/messages/`, { before: this.olderThan });
    this.#keep(page.results);
    this.olderThan = page.next_before;
    this.#tell("changed");
  }

  type(/** @type {boolean} */ on) {
    this.#line?.type(on);
  }

  /** Everything that is here was seen. */
  read() {
    const seen = this.#head;
    if (!this.conversation || seen <= this.#readUpTo) return;
    this.#readUpTo = seen;
    this.#visit.post(`channels/${this.conversation.id}/read/`, { seq: Math.max(...this.#messages.keys()) }).catch(() => (this.#readUpTo = 0));
  }

  rate(/** @type {number} */ score) {
    return this.#visit.post(`support/conversations/${this.conversation.id}/rating/`, { score });
  }

  async #show(/** @type {any} */ conversation) {
    const { token } = this.#visit;
    const page = this.#isShown(conversation) ? null : await this.#newest(conversation);
    if (token !== this.#visit.token) return; // signed out meanwhile
    if (this.#isShown(conversation)) return this.#catchUp();
    this.clear();
    this.conversation = conversation;
    this.#head = conversation.head;
    this.#replace(page);
    this.#line = new Line({ visit: this.#visit, channel: conversation.id, held: () => this.#head });
    this.#line.addEventListener("changes", ({ detail }) => this.#take(detail));
    this.#line.addEventListener("behind", () => this.#catchUp());
    this.#line.addEventListener("typing", ({ detail }) => this.#tell("typing", detail.users));
    this.#line.addEventListener("state", ({ detail }) => this.#feel(detail));
    this.#line.addEventListener("ended", () => this.#end());
    this.#line.start();
  }

  #feel(/** @type {{ isOnline: boolean }} */ state) {
    this.#tell("state", state);
    if (state.isOnline) this.unsent.flush();
  }

  #end() {
    this.#visit.forget();
    this.clear();
    this.#tell("ended");
  }

  #isShown(/** @type {any} */ conversation) {
    return this.conversation?.id === conversation.id;
  }

  #newest(/** @type {any} */ conversation) {
    return this.#visit.get(`channels/${conversation.id}/messages/`);
  }

  #replace(/** @type {any} */ page) {
    this.#messages.clear();
    this.#keep(page.results);
    this.olderThan = page.next_before;
    this.#tell("changed");
  }

  #take(/** @type {any} */ { after, head, changes }) {
    if (after !== this.#head) return this.#catchUp();
    this.#head = head;
    this.#hear(changes);
  }

  // One at a time: what comes meanwhile is in the answer, or rings again. What fails is repeated by itself.
  #catchUp() {
    this.#catching ??= this.#catchUpOnce();
    return this.#catching;
  }

  async #catchUpOnce() {
    const { conversation } = this;
    try {
      await this.#readChanges();
      this.#persistence.succeeded();
    } catch (trouble) {
      this.#persistence.later(/** @type {any} */ (trouble), () => this.#catchUp());
    } finally {
      if (conversation === this.conversation) this.#catching = null;
    }
  }

  async #readChanges() {
    const { conversation } = this;
    for (let more = true; more && conversation; ) {
      const query = { since: this.#head, ...(this.#epoch && { epoch: this.#epoch }) };
      const page = await this.#visit.get(`channels/${conversation.id}/changes/`, query);
      const newest = page.resync && this.#epoch !== page.epoch ? await this.#newest(conversation) : null;
      if (this.conversation !== conversation) return; // cleared meanwhile
      if (newest) this.#replace(newest);
      this.#epoch = page.epoch;
      this.#head = page.next_since ?? page.head;
      this.#hear(page.results);
      more = page.has_more;
    }
  }

  #hear(/** @type {any[]} */ changes) {
    const fresh = changes.filter((message) => !this.#messages.has(message.seq) && message.kind === "text" && !this.isOwn(message));
    this.#keep(changes);
    this.#tell("changed");
    if (fresh.length) this.#tell("fresh", fresh);
  }

  /** Whether it is the visitor who said it. */
  isOwn(/** @type {any} */ message) {
    return message.sender.username.startsWith("visitor-");
  }

  #keep(/** @type {any[]} */ messages) {
    for (const message of messages) {
      if (message.rev >= (this.#messages.get(message.seq)?.rev ?? 0)) this.#messages.set(message.seq, message);
      if (this.isOwn(message)) this.unsent.accepted(message.client_msg_id);
    }
  }

  async #send(/** @type {import("./unsent.js").Unsaid} */ draft, /** @type {AbortSignal} */ signal) {
    try {
      await this.#say(draft, await this.#files.arrived(draft.files ?? [], signal));
    } catch (trouble) {
      // Those of a visit that has ended, or that waited here for longer than a day there.
      if (trouble.code !== "not_found" || !draft.files?.length) throw trouble;
      this.#files.renew(draft.files);
      await this.#say(draft, await this.#files.arrived(draft.files, signal));
    }
  }

  async #say(/** @type {import("./unsent.js").Unsaid} */ { client_msg_id, body }, /** @type {number[]} */ files) {
    const said = { client_msg_id, body, files };
    await this.#visit.begun();
    if (!this.conversation) return this.#begin(said);
    try {
      const message = await this.#visit.post(`channels/${this.conversation.id}/messages/`, said);
      this.#keep([message]);
      this.#tell("changed");
    } catch (trouble) {
      if (trouble.status === 401) return this.#startOver(said);
      // It was over for too long to be opened again.
      if (trouble.code !== "archived") throw trouble;
      await this.#begin(said);
    }
  }

  // The token has ended: what is being said now begins another visit.
  async #startOver(/** @type {object} */ said) {
    this.#end();
    await this.#visit.begun();
    return this.#begin(said);
  }

  async #begin(/** @type {object} */ said) {
    try {
      await this.#show(await this.#visit.post("support/conversations/", { ...said, ...this.#around() }));
    } catch (trouble) {
      if (trouble.status === 401) this.#visit.forget();
      throw trouble.status === 401 ? Object.assign(trouble, { status: 0 }) : trouble;
    }
  }

  #tell(/** @type {string} */ name, /** @type {any} */ detail = null) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
