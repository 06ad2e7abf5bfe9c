/**
 * How much more fits into a message, in characters as people count them. The law counts bytes, of which an emoji or an accented
 * letter has several. Knows no page.
 */
import { plural } from "../page/format.js";

const SHOW_FROM = 0.88;
/** Beyond so much that nobody would count it anyway: splitting it into characters takes longer than a key press may. */
const MOST_COUNTED = 5_000;
const encoder = new TextEncoder();
const segmenter = new Intl.Segmenter();

/** `over`: what does not fit, in characters; `sentence`: what to say of it, empty while there is room enough. */
export function roomOf(/** @type {string} */ text, /** @type {number} */ mostBytes) {
  const { read, written } = encoder.encodeInto(text, new Uint8Array(mostBytes));
  const over = count(text.slice(read));
  if (over) return { over, sentence: over === 1 ? "Too long: the last character does not fit." : `Too long: the last ${plural(over, "character")} do not fit.` };
  if (written <= mostBytes * SHOW_FROM) return { over, sentence: "" };
  const isPlain = written === text.length;
  const left = isPlain ? mostBytes - written : Math.floor(((mostBytes - written) * count(text)) / written);
  return { over, sentence: left || isPlain ? `${isPlain ? "" : "About "}${plural(left, "character")} left` : "Almost full" };
}

const count = (/** @type {string} */ text) => (text.length > MOST_COUNTED ? text.length : [...segmenter.segment(text)].length);
