/**
 * What is copied of several messages at once: the day, who said each, when, and its words, as text that reads well anywhere.
 * Of one message, or of a part of it, the browser copies what is selected.
 */
import { clock, isSameDay, longDay } from "./format.js";

const GROUP_MS = 5 * 60_000;
const LINES = "p, h2, li, pre, tr, hr, blockquote";
/** Drawn into a message by its code and its tables, and not said. */
const UNSAID = ".code-acts, .unfold";

/**
 * `of(row)`: what a row of the list says, or null: {name, at, body: its element, source: as it was written, files: their names}.
 * @typedef {{ name: string, at: Date, body: any, source: string, files: string[] }} Said
 * @typedef {{ list: any, of: (row: any) => Said | null }} Place
 */
export function copyWhole(/** @type {Place[]} */ places) {
  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (!selection || selection.isCollapsed) return;
    const range = selection.getRangeAt(0);
    const taken = places.map((place) => takenOf(place, range)).find((some) => some.length > 1);
    if (!taken) return;
    event.clipboardData?.setData("text/plain", textOf(taken));
    event.preventDefault();
  });
}

function takenOf(/** @type {Place} */ { list, of }, /** @type {Range} */ range) {
  if (!range.intersectsNode(list)) return [];
  const said = [...list.children].filter((row) => range.intersectsNode(row)).flatMap((row) => of(row) ?? []);
  return said.map((one) => ({ ...one, words: wordsOf(one, range) })).filter(({ words }) => words);
}

function textOf(/** @type {{ name: string, at: Date, words: string }[]} */ taken) {
  const lines = taken.flatMap(({ name, at, words }, place) => {
    const before = taken[place - 1];
    const isNewDay = !before || !isSameDay(before.at, at);
    const isNewHead = isNewDay || name !== before.name || at.getTime() - before.at.getTime() > GROUP_MS;
    return [...(isNewDay ? ["", longDay(at)] : []), ...(isNewHead && name ? ["", `${name}, ${clock(at)}`] : []), words];
  });
  return `${lines.slice(1).join("\n")}\n`;
}

// As it was written where all of it is selected: what is pasted into a message looks the same there.
function wordsOf(/** @type {Said} */ { body, source, files }, /** @type {Range} */ range) {
  const part = document.createRange();
  part.selectNodeContents(body);
  const whole = readable(part.cloneContents()).trim();
  if (!whole) return files.map((name) => `[${name}]`).join(" ");
  if (range.compareBoundaryPoints(Range.START_TO_START, part) > 0) part.setStart(range.startContainer, range.startOffset);
  if (range.compareBoundaryPoints(Range.END_TO_END, part) < 0) part.setEnd(range.endContainer, range.endOffset);
  const words = range.intersectsNode(body) ? readable(part.cloneContents()).trim() : "";
  return words === whole ? [source, ...files.map((name) => `[${name}]`)].join("\n") : words;
}

/** @returns {string} */
function readable(/** @type {any} */ node) {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (node.matches?.(UNSAID)) return "";
  const words = [...node.childNodes].map(readable).join("");
  return node.matches?.(LINES) && !words.endsWith("\n") ? `${words}\n` : words;
}
