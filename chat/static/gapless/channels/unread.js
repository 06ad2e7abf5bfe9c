/**
 * How many messages of one channel are unread: what the server counted, true at one number of the log, and the changes
 * that came live since. Where these two do not lead to a number for certain it says so. Pure; knows no page.
 */
const MOST_KEPT = 1_000;

export class Unread {
  /** @type {{ unread: number, read: number, head: number }} */ #told = { unread: 0, read: 0, head: 0 }; // {unread, read, head}: the server's count, when the log stood at `head`
  /** @type {number} */ #read = 0; // how far the person has read, here or elsewhere
  /** @type {number} */ #live = 0; // the number of the last change that came
  /** @type {number} */ #since = 0; // every change after this number is kept
  /** @type {{ rev: number, seq: number, counts: boolean, isGone: boolean }[]} */ #changes = []; // {rev, seq, counts, isGone}
  #passed = new Set(); // unread ones that were seen here since: in what the server has counted, they count no more

  /** `told`: {unread, read, head} as the server said it. */
  constructor(/** @type {any} */ told) {
    this.#begin(told);
  }

  get read() {
    return this.#read;
  }

  /** Whether anything came after what was read. */
  get isBehind() {
    return this.#read < Math.max(this.#live, this.#told.head);
  }

  /** Whether only the server can say the number: not all changes since its count are known. */
  get isOpen() {
    return this.#told.head < this.#since;
  }

  /** The server's count; an older one than what is known changes nothing. `isWhole`: hello's, true whatever was known. */
  tell(/** @type {any} */ told, { isWhole = false } = {}) {
    if (told.head < Math.min(this.#live, this.#told.head) && isWhole) return this.#begin(told);
    const isOlder = told.read < this.#told.read || (told.read === this.#told.read && told.head < this.#told.head);
    if (isOlder && !isWhole) return;
    this.#told = told;
    this.#read = Math.max(this.#read, told.read);
    for (const seq of this.#passed) if (seq <= told.read) this.#passed.delete(seq);
  }

  /** Seen here up to `seq`, of them `unread`; `isAll`: no message is after it. The server, once told, counts anew. */
  see(/** @type {number} */ seq, /** @type {any} */ unread, { isAll = false } = {}) {
    for (const each of unread) this.#passed.add(each);
    this.#read = Math.max(this.#read, isAll ? Math.max(seq, this.#live) : seq);
  }

  /** The next change of the log. `counts`: it is a message that counts as unread; `isGone`: it was one, and is deleted. */
  take(/** @type {{ rev: number, seq: number, counts: boolean, isGone: boolean }} */ { rev, seq, counts, isGone }) {
    if (rev <= this.#live) return;
    this.#live = rev;
    this.#changes.push({ rev, seq, counts, isGone });
    if (this.#changes.length > MOST_KEPT) this.#since = /** @type {{ rev: number }} */ (this.#changes.shift()).rev;
  }

  /** The changes up to `head` do not come: only history has them. */
  skip(/** @type {number} */ head) {
    this.#live = this.#since = Math.max(this.#live, head);
    this.#changes = [];
  }

  get count() {
    const { read, head, unread } = this.#told;
    const later = this.#changes.filter(({ rev }) => rev > head);
    const isNew = (/** @type {{ seq: number }} */ { seq }) => seq > Math.max(head, this.#read);
    const fresh = new Map(later.filter(isNew).map(({ seq, counts }) => [seq, counts]));
    const arrived = [...fresh.values()].filter(Boolean).length;
    if (this.#read >= head) return arrived;
    const isCounted = (/** @type {number} */ seq) => seq > read && seq <= head;
    const gone = later.filter(({ seq, isGone }) => isGone && isCounted(seq)).map(({ seq }) => seq);
    const passed = [...this.#passed].filter(isCounted);
    return Math.max(0, unread - new Set([...gone, ...passed]).size) + arrived;
  }

  #begin(/** @type {any} */ told) {
    this.#told = told;
    this.#read = told.read;
    this.#live = this.#since = told.head;
    this.#changes = [];
    this.#passed.clear();
  }
}
