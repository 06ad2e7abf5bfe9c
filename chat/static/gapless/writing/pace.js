/** Says above the box why nothing can be sent at the moment and when it can be again. Counts down; forgets nothing. */
import { muteOf } from "../channels/channels.js";
import { elapsed } from "../client/clock.js";
import { byId } from "../page/dom.js";
import { seconds, whenName } from "../page/format.js";

export class Pace {
  #note = byId("composer-note");
  #sentence = this.#note.querySelector("[role=status]");
  #countdown = this.#note.querySelector(".composer-countdown");
  #drafts;
  #hold;

  /** `drafts(channel)` are the messages that still go out; `hold(isHeld)` stops sending from the box. */
  constructor(/** @type {{ drafts: Callback, hold: Callback }} */ { drafts, hold }) {
    this.#drafts = drafts;
    this.#hold = hold;
  }

  /** To be called whenever something may have changed, and every second. */
  refresh(/** @type {Channel} */ channel) {
    const why = channel && !channel.closed ? (mute(channel) ?? this.#limit(channel)) : null;
    this.#note.hidden = !why;
    this.#hold(Boolean(why?.isHeld));
    if (this.#sentence.textContent !== (why?.sentence ?? "")) this.#sentence.textContent = why?.sentence ?? "";
    this.#countdown.textContent = why?.countdown ?? "";
  }

  #limit(/** @type {{ id: number }} */ { id }) {
    const waiting = this.#drafts(id).find((/** @type {Draft} */ { retryAt, error }) => (retryAt ?? 0) > elapsed() && error?.code === "rate_limited");
    if (!waiting) return null;
    return {
      isHeld: false,
      sentence: "You have written more than the server accepts at once. Your next messages are kept and sent by themselves, in order.",
      countdown: `You can send again in ${seconds(waiting.retryAt - elapsed())} s.`,
    };
  }
}

function mute(/** @type {Channel} */ channel) {
  const { until, leftMs = 0 } = muteOf(channel) ?? {};
  if (!until || channel.archived_at) return null;
  return {
    isHeld: true,
    sentence: `A moderator has muted you in this channel until ${whenName(until)}. You can still read, and your text is kept here.`,
    countdown: leftMs < 60_000 ? `You can send again in ${seconds(leftMs)} s.` : "",
  };
}
