/**
 * What the person has really seen of the open channel: moves the read cursor, places the "New" line, shows the two
 * jump buttons. Seen means: on screen, in a tab that has the focus.
 */
import { byId, isNarrow } from "../page/dom.js";
import { clock, plural } from "../page/format.js";

export class Reading {
  #channels;
  #timeline;
  #scroll;
  #seen;
  /** @type {any} */ #channel = null;
  #isPaused = false; // after "mark unread from here", until the channel is opened again
  #passedDivider = false;
  #firstButton = byId("jump-first");
  #latestButton = byId("jump-latest");

  /** `seen(channel, seq)` tells the server. */
  constructor(/** @type {{ channels: Channels, timeline: Timeline, scroll: Scroll, seen: Callback }} */ { channels, timeline, scroll, seen }) {
    this.#channels = channels;
    this.#timeline = timeline;
    this.#scroll = scroll;
    this.#seen = seen;
    addEventListener("focus", () => this.check());
    document.addEventListener("visibilitychange", () => this.check());
  }

  /** The number of the first unread message, or null; to be asked before the channel is shown. */
  start(/** @type {any} */ channel) {
    const mark = this.#channels.unmark(channel.id);
    this.#channel = channel;
    this.#isPaused = false;
    this.#passedDivider = false;
    if (mark) return mark.seq;
    return channel.unread && channel.read_seq ? channel.read_seq + 1 : null;
  }

  stop() {
    this.#channel = null;
  }

  /** The line goes before the first message that counts as unread; numbers of other changes lie between. */
  divide(/** @type {number | null} */ fromSeq) {
    const first = fromSeq && this.#timeline.shown.find((/** @type {Message} */ message) => message.seq >= fromSeq && this.#channels.counts(message));
    this.#timeline.dividerSeq = first ? first.seq : null;
    this.#timeline.arrange();
    return first ? this.#timeline.row(first.id) : null;
  }

  undivide() {
    const had = this.#timeline.dividerSeq != null;
    this.divide(null);
    this.update();
    return had;
  }

  /** New messages came: those that arrive unseen get the line, unless it stands before them already. */
  welcome(/** @type {Message[]} */ messages) {
    const first = messages.find((/** @type {Message} */ message) => this.#channels.counts(message));
    const { dividerSeq } = this.#timeline;
    if (!first || (this.isLooking && this.#scroll.isAtEnd)) return;
    if (dividerSeq == null || dividerSeq <= this.#channel.read_seq) {
      this.#passedDivider = false;
      this.divide(first.seq);
    }
  }

  markFrom(/** @type {number} */ seq) {
    const count = this.#timeline.shown.filter((/** @type {Message} */ message) => message.seq >= seq && message.kind === "text").length;
    this.#isPaused = true;
    this.#channels.mark(this.#channel.id, seq, count);
    this.#timeline.dividerSeq = seq;
    this.#timeline.arrange();
    this.update();
  }

  /** Looks at what is on screen and moves the cursor. Cheap enough for every scroll frame. */
  check() {
    if (!this.#channel) return;
    if (this.isLooking && !this.#isPaused) this.#advance();
    this.update();
  }

  update() {
    const unread = this.#channel?.unread ?? 0;
    const isAway = Boolean(this.#channel) && (!this.#scroll.isAtEnd || !this.#timeline.isAtLatest);
    const isWorthIt = isAway && (unread > 0 || this.#scroll.isFarFromEnd || !this.#timeline.isAtLatest);
    this.#latestButton.hidden = !isWorthIt;
    this.#latestButton.lastElementChild.textContent = unread ? `${unread} new` : "Latest";
    this.#updateFirst();
  }

  get isLooking() {
    return document.visibilityState === "visible" && document.hasFocus() && !(isNarrow() && document.body.dataset.screen === "list");
  }

  #advance() {
    const { messages } = this.#timeline;
    const last = this.#lastSeen();
    if (!last || last.seq <= this.#channel.read_seq) return;
    const passed = messages.filter(
      (/** @type {Message} */ message) => message.seq > this.#channel.read_seq && message.seq <= last.seq && this.#channels.counts(message),
    );
    const isAll = this.#timeline.isAtLatest && last === messages.at(-1);
    this.#channels.seen(this.#channel.id, last.seq, passed, { isAll });
    this.#seen(this.#channel.id, last.seq);
  }

  // What has no row here is passed with the rows around it: it is read where it stands.
  #lastSeen() {
    const { messages, shown } = this.#timeline;
    const next = shown[shown.findLastIndex((/** @type {Message} */ message) => this.#scroll.place(this.#timeline.row(message.id)) <= 0) + 1];
    return next ? messages[messages.indexOf(next) - 1] : messages.at(-1);
  }

  #updateFirst() {
    const { dividerSeq, shown: messages } = this.#timeline;
    const divided = messages.find((/** @type {Message} */ message) => message.seq === dividerSeq);
    const place = divided ? this.#scroll.place(this.#timeline.row(divided.id)) : -1;
    if (dividerSeq != null && place === 0) this.#passedDivider = true;
    this.#firstButton.hidden = dividerSeq == null || place >= 0 || this.#passedDivider;
    if (this.#firstButton.hidden) return;
    const since = divided ? ` since ${clock(new Date(divided.created_at))}` : "";
    const count = messages.filter((/** @type {Message} */ message) => message.seq >= (dividerSeq ?? 0) && this.#channels.counts(message)).length;
    this.#firstButton.lastElementChild.textContent = `${plural(count, "new message")}${since}`;
  }
}
