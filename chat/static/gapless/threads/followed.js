/**
 * Which threads the person follows, and in how many something is unread: as the server has it, asked again when a reply came that
 * may be about one of them. Emits `changed`. Knows no page.
 */
const SOON_MS = 300;
const SPREAD_MS = 700; // all who follow a thread would ask at once

export class Followed extends EventTarget {
  /** @type {any[]} */ threads = []; // roots, those with the newest reply first
  unread = 0; // in how many of all
  /** @type {string | null} */ next = null; // where the list goes on
  #load;
  #me;
  #strange = new Set(); // roots of which the server has not said that they are followed
  #asked = new Set(); // those about which it is being asked
  /** @type {any} */ #timer = null;
  #isLoading = false;
  #isStale = false;

  /** `load(query)` resolves to a page of `threads/`; `unread`: the number that the page came with. */
  constructor(/** @type {{ load: Callback, me: Me, unread: number }} */ { load, me, unread }) {
    super();
    this.#load = load;
    this.#me = me;
    this.unread = unread;
  }

  has(/** @type {number} */ root) {
    return this.threads.some(({ id }) => id === root);
  }

  isUnread(/** @type {number} */ root) {
    return this.threads.some(({ id, unread }) => id === root && unread > 0);
  }

  /** The next page of the list, until it is asked for anew. */
  async more() {
    const { results, next } = await this.#load({ cursor: new URL(/** @type {string} */ (this.next)).searchParams.get("cursor") });
    this.next = next;
    this.#add(results);
    this.dispatchEvent(new Event("changed"));
  }

  /** Messages as they are now: replies make their threads the newest ones, so that one page of the list says which are followed. */
  take(/** @type {any[]} */ messages) {
    for (const { id, thread, sender, mentions } of messages) {
      // Who is mentioned in a root, be it by an edit, follows it from its next reply on.
      const isNews = sender?.id === this.#me.id || mentions?.users?.includes(this.#me.id);
      if (isNews) this.#strange.delete(thread ?? id);
      if (!thread || this.#strange.has(thread)) continue;
      this.#asked.add(thread);
      this.refresh();
    }
  }

  /** One of them was read or left, or one more is followed: here or on another device. */
  hear(/** @type {{ thread: number, following: boolean }} */ { thread, following }) {
    if (following) this.#strange.delete(thread);
    this.refresh();
  }

  /** Soon, and once for all that comes until then. */
  refresh() {
    if (this.#isLoading) this.#isStale = true;
    else this.#timer ??= setTimeout(() => this.#ask(), SOON_MS + Math.random() * SPREAD_MS);
  }

  async #ask() {
    this.#timer = null;
    this.#isLoading = true;
    this.#isStale = false;
    const asked = this.#asked;
    this.#asked = new Set();
    try {
      const { results, unread_threads: unread, next = null } = await this.#load({});
      const isWhole = results.filter((/** @type {any} */ root) => root.unread).length >= unread;
      // What is counted as unread can be found, however old it is.
      const others = isWhole ? [] : (await this.#load({ only: "unread" })).results;
      Object.assign(this, { threads: results, unread, next });
      this.#add(others);
      for (const root of asked) if (!this.has(root)) this.#strange.add(root);
      this.dispatchEvent(new Event("changed"));
    } catch {
      // The next reply, or hello, asks again.
    }
    this.#isLoading = false;
    if (this.#isStale) this.refresh();
  }

  #add(/** @type {any[]} */ threads) {
    this.threads = [...this.threads, ...threads.filter(({ id }) => !this.has(id))];
  }
}
