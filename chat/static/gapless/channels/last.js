/** The newest line of a channel, as its list shows it on a phone: who said what, and when. */
import { lineOf } from "../files/line.js";
import { shortName } from "../page/format.js";
import { nameOf } from "../people/names.js";

const LETTERS = 120;

/** What a message leaves as the newest line after `last`; `isUnheard`: of somebody who is blocked. */
export function lastAfter(/** @type {LastLine | null} */ last, /** @type {Message} */ message, /** @type {boolean} */ isUnheard) {
  const { kind, seq, sender, created_at: at, deleted_at: deletedAt } = message;
  if (kind !== "text" || isUnheard || (last && seq < last.seq)) return last;
  if (deletedAt) return last?.seq === seq ? { ...last, text: "Message deleted" } : last;
  return { seq, sender, text: lineOf(message).slice(0, LETTERS), at };
}

/** "You: on my way"; in a conversation of two the name stands above already. */
export function wordsOf(/** @type {Channel} */ channel, /** @type {Me} */ me) {
  const { last } = channel;
  if (!last) return "";
  if (last.sender.id === me.id) return `You: ${last.text}`;
  return channel.kind === "direct" && !channel.is_group ? last.text : `${nameOf(last.sender)}: ${last.text}`;
}

export const timeOf = (/** @type {Channel} */ { last }) => (last ? shortName(new Date(last.at)) : "");
