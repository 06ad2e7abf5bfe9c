/**
 * One thread beside the channel, or over it where there is no room: its root and replies, live, with a box of its own to write in.
 * Emits `closed`. Takes messages from the page; knows no socket.
 */
import { get, patch } from "../page/api.js";
import { byId, isTouch } from "../page/dom.js";
import { learn } from "../people/names.js";
import { mark } from "../timeline/row.js";

const READ_SOON_MS = 300;
const LARGE_PAGE = 100;
const beside = matchMedia("(min-width: 1000px)");

export class ThreadPanel extends EventTarget {
  /** @type {any} */ root = null;
  #panel = byId("thread");
  #note = this.#panel.querySelector(".thread-note");
  #follow = this.#panel.querySelector(".thread-follow");
  #client;
  #me;
  #timeline;
  #scroll;
  #isLooking;
  #told;
  #readSeq = 0;
  #hasOlder = false;
  #isLoading = false;
  #isPaused = false; // after something was marked as unread, until it is opened again
  #visit = 0;
  /** @type {any} */ #timer = null;

  /** `isLooking()`: the person has the page before them. `told({thread, following})`: what the server said of it. */
  constructor(/** @type {{ client: Client, me: Me, timeline: Timeline, scroll: Scroll, isLooking: Callback, told: Callback }} */ { client, me, timeline, scroll, isLooking, told }) {
    super();
    this.#me = me;
    this.#client = client;
    this.#timeline = timeline;
    this.#scroll = scroll;
    this.#isLooking = isLooking;
    this.#told = told;
    this.#note.lastElementChild.addEventListener("click", () => this.reload());
    this.#follow.addEventListener("click", () => this.#tell({ following: this.#follow.getAttribute("aria-pressed") !== "true" }));
    beside.addEventListener("change", () => this.#cover());
    addEventListener("focus", () => this.check());
    document.addEventListener("visibilitychange", () => this.check());
  }

  get isOpen() {
    return this.root != null;
  }

  /** Whether the channel can be seen beside it. */
  get isBeside() {
    return this.isOpen && beside.matches;
  }

  /** Shows the thread of a root, of which no more than {id, channel} need be known, at its end or at a number in it. */
  async open(/** @type {{ id: number, channel: number }} */ root, /** @type {number | null} */ seq = null) {
    this.root = root;
    this.#timeline.clear();
    this.#readSeq = 0;
    this.#isPaused = false;
    this.#hasOlder = false;
    this.#follow.hidden = true;
    this.#panel.hidden = false;
    this.#cover();
    await this.#load(async () => {
      const [first, page] = await Promise.all([get(`channels/${root.channel}/messages/${root.id}/`), seq ? this.#pagesAround(seq) : this.#page({})]);
      return () => {
        this.root = first;
        this.#hasOlder = page.has_more;
        this.#readSeq = page.following ? page.read_seq : Number.MAX_SAFE_INTEGER;
        this.#showFollowing(page.following);
        this.#timeline.merge([first, ...page.results.toReversed()]);
        this.#divide();
        this.showDrafts();
        this.#scroll.toEnd();
        if (seq) this.#point(seq);
      };
    });
  }

  close() {
    if (!this.isOpen) return false;
    const { root } = this;
    this.#visit += 1;
    this.root = null;
    this.#isLoading = false;
    this.#panel.hidden = true;
    this.#timeline.clear();
    this.#cover();
    this.dispatchEvent(new CustomEvent("closed", { detail: root }));
    return true;
  }

  /** Too much was missed: everything again. */
  reload() {
    if (this.root) this.open(this.root);
  }

  /** Messages of any channel as they are now. */
  take(/** @type {any[]} */ messages) {
    if (!this.isOpen) return;
    const first = this.#timeline.messages.find(({ id }) => id !== this.root.id);
    const isOurs = (/** @type {any} */ { id, thread, seq }) => id === this.root.id || (thread === this.root.id && (this.#timeline.has(id) || !this.#hasOlder || seq > (first?.seq ?? 0)));
    const ours = messages.filter(isOurs);
    if (!ours.length) return;
    this.root = ours.find(({ id }) => id === this.root.id) ?? this.root;
    if (ours.some((message) => !this.#timeline.has(message.id) && this.#makesFollow(message))) this.#followed();
    this.#scroll.hold(() => (this.#timeline.merge(ours), this.showDrafts()));
    this.check();
  }

  showDrafts() {
    if (!this.isOpen) return;
    this.#timeline.showDrafts(this.#client.drafts(this.root.channel).filter(({ thread }) => thread === this.root.id));
  }

  /** After posting: the own reply is in view. */
  follow() {
    this.showDrafts();
    this.#timeline.dividerSeq = null;
    this.#timeline.arrange();
    this.#scroll.toEnd();
  }

  /** Unread from a number on, on every device. Rejects with a sentence in `detail`. */
  async markFrom(/** @type {number} */ seq) {
    const { channel, id } = this.root;
    this.#isPaused = true;
    clearTimeout(this.#timer);
    const now = await patch(`channels/${channel}/messages/${id}/thread/`, { unread_from: seq });
    this.#told(now);
    if (this.root?.id !== id) return;
    this.#readSeq = now.read_seq;
    this.#showFollowing(now.following);
    this.#divide();
  }

  /** The server has said of a thread how the person has it. */
  hear(/** @type {{ thread: number, following: boolean, read_seq: number }} */ { thread, following, read_seq: read }) {
    if (this.root?.id !== thread) return;
    this.#readSeq = following ? Math.max(read, this.#readSeq === Number.MAX_SAFE_INTEGER ? 0 : this.#readSeq) : Number.MAX_SAFE_INTEGER;
    this.#showFollowing(following);
  }

  /** Loads ahead of the upper edge; notes what was seen at the lower one. */
  check() {
    if (!this.isOpen || this.#isLoading) return;
    if (this.#hasOlder && this.#scroll.isNearStart && !this.#scroll.isAtRest) this.#loadOlder();
    const last = this.#timeline.last?.seq ?? 0;
    if (!this.#isPaused && this.#isLooking() && this.#scroll.isAtEnd && last > this.#readSeq) {
      this.#readSeq = last;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#tell({ read_seq: last }), READ_SOON_MS);
    }
  }

  #loadOlder() {
    const [, first] = this.#timeline.messages;
    return this.#load(async () => {
      const page = await this.#page({ before: first.seq });
      return () => {
        this.#hasOlder = page.has_more;
        this.#scroll.hold(() => this.#timeline.merge(page.results), { follow: false });
      };
    });
  }

  async #page(/** @type {any} */ query) {
    const page = await get(`channels/${this.root.channel}/messages/${this.root.id}/thread/`, query);
    learn(page.results.map((/** @type {Message} */ { sender }) => sender));
    return page;
  }

  // A page of what was said before, so that the message has its place when others join above; from it on all, up to the end.
  async #pagesAround(/** @type {number} */ seq) {
    const [page, first] = await Promise.all([this.#page({ before: seq }), this.#page({ after: seq - 1, page_size: LARGE_PAGE })]);
    for (let newer = first; newer; newer = newer.previous_after != null && (await this.#page({ after: newer.previous_after, page_size: LARGE_PAGE })))
      page.results.unshift(...newer.results);
    return page;
  }

  #point(/** @type {number} */ seq) {
    const message = this.#timeline.messages.find((each) => each.seq === seq);
    if (!message) return;
    const row = this.#timeline.row(message.id);
    this.#scroll.toRow(row);
    mark(row);
    row.focus({ preventScroll: true });
  }

  async #load(/** @type {Callback} */ fetch) {
    const visit = ++this.#visit;
    this.#isLoading = true;
    this.#note.hidden = true;
    const use = await fetch().catch((/** @type {Refused} */ problem) => () => this.#explain(problem));
    if (visit !== this.#visit) return;
    this.#isLoading = false;
    use();
    this.check();
  }

  async #tell(/** @type {any} */ change) {
    if (!this.root) return;
    const { channel, id } = this.root;
    // What was read is said again with the next reply; whether it is followed the button still says.
    const now = await patch(`channels/${channel}/messages/${id}/thread/`, change).catch(() => null);
    if (!now) return;
    this.hear(now);
    this.#told(now);
  }

  #divide() {
    const first = this.#timeline.messages.find(({ seq, id, sender }) => id !== this.root.id && seq > this.#readSeq && sender?.id !== this.#me.id);
    this.#timeline.dividerSeq = first?.seq ?? null;
    this.#timeline.arrange();
  }

  // Who writes in a thread, or is mentioned there, follows it from then on: the server says so to nobody.
  #makesFollow(/** @type {any} */ { thread, sender, mentions }) {
    return Boolean(thread) && (sender?.id === this.#me.id || mentions?.users?.includes(this.#me.id));
  }

  #followed() {
    if (this.#readSeq === Number.MAX_SAFE_INTEGER) this.#readSeq = 0;
    this.#showFollowing(true);
  }

  #showFollowing(/** @type {boolean} */ isFollowing) {
    this.#follow.hidden = false;
    this.#follow.setAttribute("aria-pressed", String(isFollowing));
    this.#follow.querySelector("span").textContent = isFollowing ? "Following" : "Follow";
  }

  #explain(/** @type {Refused} */ problem) {
    this.#note.firstElementChild.textContent = `This thread could not be loaded. ${problem.detail ?? ""}`;
    this.#note.hidden = false;
  }

  // What lies under it is neither seen nor reached.
  #cover() {
    const covers = this.isOpen && !beside.matches;
    byId("pane").inert = covers;
    byId("thread-title").ariaLevel = covers ? "1" : "2";
    if (covers && isTouch()) this.#panel.focus({ preventScroll: true });
  }
}
