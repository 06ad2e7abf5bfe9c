/**
 * How many of one channel's unread messages call the person: what the server counted, true at one number of the log, and
 * the changes that came live since. Where these do not lead to a number for certain it says so. Pure; knows no page.
 */
const MOST_KEPT = 1_000;

/** @typedef {{ rev: number, seq: number, calls: boolean, isRevised: boolean }} Change `calls`: the message, as it is now, calls the person; `isRevised`: it is not as it was said */

export class Mentioned {
  /** @type {{ mentioned: number, read: number, head: number }} */ #told;
  #read = 0; // how far the person has read, here or elsewhere
  #live = 0; // the number of the last change that came
  #since = 0; // every change after this number is kept
  /** @type {Map<number, Change>} */ #changes = new Map(); // by seq, the last of each
  /** @type {Set<number>} */ #passed = new Set(); // seen here since, and called: in what the server has counted, they count no more

  /** `told`: {mentioned, read, head} as the server said it. */
  constructor(/** @type {{ mentioned: number, read: number, head: number }} */ told) {
    this.#told = told;
    this.#begin(told);
  }

  /** The server's count; an older one than what is known changes nothing. `isWhole`: hello's, true whatever was known. */
  tell(/** @type {{ mentioned: number, read: number, head: number }} */ told, { isWhole = false } = {}) {
    if (told.head < Math.min(this.#live, this.#told.head) && isWhole) return this.#begin(told);
    const isOlder = told.read < this.#told.read || (told.read === this.#told.read && told.head < this.#told.head);
    if (isOlder && !isWhole) return;
    this.#told = told;
    this.#read = Math.max(this.#read, told.read);
    for (const seq of this.#passed) if (seq <= told.read) this.#passed.delete(seq);
  }

  /** Seen here up to `seq`, of them `called`. The server, once told, counts anew. */
  see(/** @type {number} */ seq, /** @type {number[]} */ called) {
    for (const each of called) this.#passed.add(each);
    this.#read = Math.max(this.#read, seq);
  }

  /** The next change of the log. True when the message calls the person and did not before, for all that is known. */
  take(/** @type {Change} */ change) {
    const { rev, seq, calls } = change;
    if (rev <= this.#live) return false;
    const before = this.#changes.get(seq);
    this.#live = rev;
    this.#changes.delete(seq);
    this.#changes.set(seq, change);
    if (this.#changes.size > MOST_KEPT) this.#forgetOldest();
    return calls && !before?.calls;
  }

  /** The changes up to `head` do not come: only history has them. */
  skip(/** @type {number} */ head) {
    this.#live = this.#since = Math.max(this.#live, head);
    this.#changes.clear();
  }

  /** Whether only the server can say the number: not all changes since its count are known, or what of these it has counted. */
  get isOpen() {
    return this.#told.head < this.#since || this.#isDoubtful;
  }

  get count() {
    const { head, mentioned } = this.#told;
    const arrived = this.#changed(({ seq, calls }) => seq > Math.max(head, this.#read) && calls).length;
    if (this.#read >= head) return arrived;
    const passed = [...this.#passed].filter((seq) => this.#isCounted(seq)).length;
    // Of nothing that was counted all that calls now is new.
    const edited = mentioned ? 0 : this.#revised.filter(({ seq, calls }) => seq > this.#read && calls).length;
    return Math.max(0, mentioned - passed) + edited + arrived;
  }

  // Something that may have called the person when the server counted is another thing now.
  get #isDoubtful() {
    return this.#read < this.#told.head && this.#told.mentioned > 0 && this.#revised.length > 0;
  }

  get #revised() {
    return this.#changed(({ seq, isRevised }) => isRevised && this.#isCounted(seq));
  }

  #isCounted(/** @type {number} */ seq) {
    return seq > this.#told.read && seq <= this.#told.head;
  }

  #changed(/** @type {(change: Change) => boolean} */ fits) {
    return [...this.#changes.values()].filter((change) => change.rev > this.#told.head && fits(change));
  }

  #forgetOldest() {
    const { seq, rev } = /** @type {Change} */ (this.#changes.values().next().value);
    this.#changes.delete(seq);
    this.#since = rev;
  }

  #begin(/** @type {{ mentioned: number, read: number, head: number }} */ told) {
    this.#told = told;
    this.#read = told.read;
    this.#live = this.#since = told.head;
    this.#changes.clear();
    this.#passed.clear();
  }
}
