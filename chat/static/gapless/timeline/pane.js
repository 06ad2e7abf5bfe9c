/**
 * The open channel: loads its history, keeps the rows in step with live changes, and moves through it.
 * Takes frames from the page; knows no socket, and no markup beyond its own frame.
 */
import { Persistence } from "../client/backoff.js";
import { byId } from "../page/dom.js";
import * as history from "./history.js";
import { isInChannel } from "./order.js";
import { mark } from "./row.js";

const MOST_ROWS = 300;
const SLOW_MS = 1_000;
const MAY_BE_GONE = ["not_found", "not_a_member", "forbidden"];

export class Pane extends EventTarget {
  /** @type {any} */ channel = null;
  #client;
  #timeline;
  #scroll;
  #reading;
  #hasOlder = false;
  #visit = 0; // rises with each opening, so that a late answer of an earlier one is dropped
  #loading = new Set(); // "open", "older", "newer"
  /** @type {Message[]} */ #late = []; // changes that came while a page was under way: the page may be older than they are
  #note = byId("timeline-note");
  #wait = byId("timeline-wait");
  /** @type {any} */ #slow = null;
  #again = () => {};
  #persistence = new Persistence();

  constructor(/** @type {{ client: Client, timeline: Timeline, scroll: Scroll, reading: Reading }} */ { client, timeline, scroll, reading }) {
    super();
    this.#client = client;
    this.#timeline = timeline;
    this.#scroll = scroll;
    this.#reading = reading;
    this.#note.lastElementChild.addEventListener("click", () => this.#again());
    byId("jump-latest").addEventListener("click", () => this.toLatest());
    byId("jump-first").addEventListener("click", () => this.toSeq(this.#timeline.dividerSeq ?? 0));
  }

  /** Shows a channel, from `given` {messages, isLast, isLatest} when the page brought them along. */
  async open(/** @type {Channel} */ channel, /** @type {any} */ given = null) {
    this.#leave();
    if (channel !== this.channel) this.#persistence.succeeded();
    this.channel = channel;
    byId("rows").dataset.kind = channel.kind;
    const unreadFrom = this.#reading.start(channel);
    if (given?.pointed) {
      this.#show(given, { unreadFrom, isLatest: given.isLatest });
      const row = await this.toSeq(given.pointed);
      return row?.focus({ preventScroll: true });
    }
    const isEnough = given && (unreadFrom ? given.isLast || given.messages[0]?.seq <= unreadFrom : given.isLatest);
    if (isEnough) return this.#show(given, { unreadFrom, isLatest: given.isLatest });
    await this.#load("open", () => this.open(channel), async () => {
      const page = unreadFrom ? await history.around(channel.id, unreadFrom) : { ...(await history.latest(channel.id)), isLatest: true };
      return () => this.#show(page, { unreadFrom, isLatest: page.isLatest });
    });
  }

  close() {
    this.#leave();
    this.#reading.stop();
    this.channel = null;
  }

  /** Live changes of the open channel. */
  apply(/** @type {Message[]} */ changes) {
    if (this.#loading.size) this.#late.push(...changes);
    if (this.#loading.has("open")) return;
    const { first, last, isAtLatest } = this.#timeline;
    const isWanted = (/** @type {Message} */ { id, seq }) => this.#timeline.has(id) || (seq > (last?.seq ?? 0) ? isAtLatest : seq >= first?.seq);
    const wanted = changes.filter(isWanted);
    const isNew = wanted.filter((/** @type {{ id: number }} */ { id }) => !this.#timeline.has(id));
    this.#scroll.hold(() => {
      this.#timeline.merge(wanted);
      this.#trim(this.#scroll.isAtEnd ? "start" : "end");
    });
    this.#reading.welcome(isNew);
    this.#reading.check();
    this.#showStart();
  }

  /** Too much was missed: everything again, at the place where the person is. */
  reload() {
    if (this.channel) this.open(this.channel);
  }

  /** A draft of the open channel moved on; `message` says that it was accepted. */
  takeDraft(/** @type {Draft} */ draft, /** @type {Message} */ message) {
    if (message) {
      this.apply([message]);
      this.#timeline.dropDraft(draft.client_msg_id);
      this.#timeline.arrange();
    } else {
      this.#scroll.hold(() => this.#showDrafts());
    }
  }

  /** Counts down on drafts that wait for the server. */
  refreshWaiting() {
    if (this.channel && this.#client.drafts(this.channel.id).some((/** @type {Draft} */ draft) => draft.retryAt || draft.dueAt)) this.#showDrafts();
  }

  /** After posting: the own message is always in view. */
  async follow() {
    this.#reading.undivide();
    if (this.#timeline.isAtLatest) this.#scroll.toEnd();
    else await this.toLatest();
  }

  async toLatest() {
    if (!this.#timeline.isAtLatest) await this.#replace(() => history.latest(this.channel.id), true);
    this.#scroll.toEnd();
    this.#reading.check();
  }

  /** Jumps to a number; resolves to its row, or null when nothing is left there. */
  async toSeq(/** @type {number} */ seq) {
    const { first, last } = this.#timeline;
    const isLoaded = first && last && seq >= first.seq && seq <= last.seq;
    if (!isLoaded) await this.#replace(() => history.around(this.channel.id, seq), false);
    const message = this.#timeline.shown.find((/** @type {any} */ each) => each.seq >= seq);
    const row = message ? this.#timeline.row(message.id) : null;
    if (row) this.#scroll.toRow(row);
    // What stands only in a thread is marked there, and not what comes next here.
    const isElsewhere = this.#timeline.messages.some((each) => each.seq === seq && !isInChannel(each));
    if (row && !isElsewhere) mark(row);
    this.#afterMove();
    return isElsewhere ? null : row;
  }

  /** Jumps to a message, which may be far up; rejects with a Problem when it cannot be found. */
  async toMessage(/** @type {number} */ id) {
    const message = this.#timeline.find(id) ?? (await history.one(this.channel.id, id));
    await this.toSeq(message.seq);
  }

  /** Loads ahead of the edges, once somebody moves towards them; called after each scroll. */
  lookAhead() {
    if (!this.channel || this.#loading.size || !this.#note.hidden || !this.#timeline.messages.length || this.#scroll.isAtRest) return;
    if (this.#hasOlder && this.#scroll.isNearStart) this.#loadOlder();
    else if (!this.#timeline.isAtLatest && this.#scroll.isNearEnd) this.#loadNewer();
  }

  #leave() {
    this.#visit += 1;
    this.#persistence.hold();
    this.#loading.clear();
    this.#late = [];
    this.#hasOlder = false;
    this.#timeline.clear();
    this.#timeline.isAtLatest = true;
    this.#note.hidden = true;
    this.#tellWait("");
    byId("timeline-start").hidden = true;
  }

  #show(/** @type {{ messages: Message[], isLast: boolean }} */ { messages, isLast }, /** @type {{ unreadFrom: any, isLatest: boolean }} */ { unreadFrom, isLatest }) {
    this.#hasOlder = !isLast || (!isLatest && messages.length > 0);
    this.#timeline.isAtLatest = isLatest;
    this.#timeline.merge(messages);
    this.#showDrafts();
    const unreadRow = this.#reading.divide(unreadFrom);
    this.#showStart();
    byId("timeline").classList.add("is-ready");
    if (unreadRow) this.#scroll.toRow(unreadRow);
    else this.#scroll.toEnd();
    if (isLatest && messages.length) this.#client.delivered(this.channel.id, messages[messages.length - 1].seq);
    this.#afterMove();
  }

  async #replace(/** @type {Callback} */ fetch, /** @type {boolean} */ isLatest) {
    this.#visit += 1; // a page under way would no longer join what is shown
    this.#loading.clear();
    this.#tellWait("");
    await this.#load("open", () => this.#replace(fetch, isLatest), async () => {
      const page = await fetch();
      return () => {
        const { dividerSeq } = this.#timeline;
        this.#timeline.clear();
        this.#show(page, { unreadFrom: dividerSeq, isLatest });
      };
    });
  }

  #loadOlder() {
    return this.#load("older", () => this.#loadOlder(), async () => {
      const { messages, isLast } = await history.before(this.channel.id, this.#timeline.first.seq, { isSparse: this.#timeline.isSparse });
      return () => {
        this.#hasOlder = !isLast;
        this.#scroll.hold(() => {
          this.#timeline.merge(messages);
          this.#showDrafts();
          this.#showStart();
          this.#trim("end");
        }, { follow: false });
      };
    });
  }

  #loadNewer() {
    return this.#load("newer", () => this.#loadNewer(), async () => {
      const { messages, isLast } = await history.after(this.channel.id, this.#timeline.last?.seq ?? 0);
      return () => {
        this.#timeline.isAtLatest = isLast;
        this.#scroll.hold(() => {
          this.#timeline.merge(messages);
          this.#trim("start");
          this.#showDrafts();
        }, { follow: false });
      };
    });
  }

  /** Runs `fetch`, which resolves to what to do with the answer; true when that was done. */
  async #load(/** @type {string} */ what, /** @type {Callback} */ again, /** @type {Callback} */ fetch) {
    if (this.#loading.has(what)) return false;
    const visit = this.#visit;
    this.#loading.add(what);
    this.#note.hidden = true;
    this.#persistence.hold();
    if (what === "open") this.#slow = setTimeout(() => this.#tellWait("Loading the messages…"), SLOW_MS);
    const use = await fetch().catch((/** @type {Refused} */ problem) => () => this.#explain(what, again, problem));
    if (visit !== this.#visit) return false;
    this.#loading.delete(what);
    if (what === "open") this.#tellWait("");
    use();
    const late = this.#late;
    if (!this.#loading.size) this.#late = [];
    if (this.#note.hidden) this.#persistence.succeeded();
    if (this.#note.hidden && late.length) this.apply(late);
    this.#afterMove();
    return this.#note.hidden;
  }

  #tellWait(/** @type {string} */ words) {
    clearTimeout(this.#slow);
    if (this.#wait.textContent !== words) this.#wait.textContent = words;
  }

  #explain(/** @type {string} */ what, /** @type {Callback} */ again, /** @type {Refused} */ problem) {
    if (what === "open" && MAY_BE_GONE.includes(problem.code)) return this.dispatchEvent(new CustomEvent("gone"));
    const kept = what === "open" ? "The messages of this channel could not be loaded." : "More messages could not be loaded.";
    const isAskedAgain = this.#persistence.later(problem, again);
    this.#note.firstElementChild.textContent = `${kept} ${problem.detail ?? ""}${isAskedAgain ? " This is tried again by itself." : ""}`;
    this.#note.hidden = false;
    this.#again = again;
  }

  #trim(/** @type {"start" | "end"} */ side) {
    if (!this.#timeline.trim(side, MOST_ROWS)) return;
    if (side === "start") this.#hasOlder = true;
    else this.#timeline.isAtLatest = false;
    if (side === "end") this.#timeline.showDrafts([]);
  }

  #showDrafts() {
    const firstSeq = this.#hasOlder ? this.#timeline.first?.seq : 0;
    const isInView = (/** @type {Draft} */ { state, after }) => state !== "failed" || (after ?? 0) >= firstSeq;
    this.#timeline.showDrafts(this.#timeline.isAtLatest ? this.#client.drafts(this.channel.id).filter(isInView).filter(isInChannel) : []);
  }

  #showStart() {
    byId("timeline-start").hidden = this.#hasOlder || this.#loading.has("open");
  }

  #afterMove() {
    this.#reading.check();
    requestAnimationFrame(() => this.lookAhead());
  }
}
