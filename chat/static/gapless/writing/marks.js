/**
 * What becomes of a text when somebody sets a mark, breaks a line or pastes: {from, to, put, select}, or nothing to be done. Pure.
 * `select` is where the selection stands afterwards, counted from `from`.
 * @typedef {{ text: string, start: number, end: number }} Written
 * @typedef {{ from: number, to: number, put: string, select: [number, number] }} Change
 */
const WORD = /[\p{L}\p{N}_]/u;
const ADDRESS = /^(?:https?:\/\/\S+|mailto:\S+)$/i;
const ITEM = /^([ \t]*)(?:([-*+])|(\d{1,9})([.)])|(>))([ \t]+(?:\[[ xX]\][ \t]+)?|(?<=>))/;
const FENCE = /^ {0,3}(?:```|~~~)/;

/** Sets a mark around what is selected (or the word at the caret), or takes it away. @returns {Change} */
export function marked(/** @type {Written} */ { text, start, end }, /** @type {string} */ mark) {
  let [from, to] = start === end ? wordAt(text, start) : [start, end];
  while (from < to && /\s/.test(text[from])) from += 1;
  while (to > from && /\s/.test(text[to - 1])) to -= 1;
  const said = text.slice(from, to);
  const size = mark.length;
  if (isMarked(text, from, to, mark)) return { from: from - size, to: to + size, put: said, select: [start - from, end - from] };
  if (said.length > 2 * size && isMarked(text, from + size, to - size, mark)) return { from, to, put: said.slice(size, -size), select: [0, said.length - 2 * size] };
  const within = (/** @type {number} */ place) => Math.min(Math.max(place - from, 0), said.length) + size;
  return { from, to, put: mark + said + mark, select: [within(start), within(end)] };
}

// One star is no mark of two, and two are none of one.
function isMarked(/** @type {string} */ text, /** @type {number} */ from, /** @type {number} */ to, /** @type {string} */ mark) {
  const size = mark.length;
  const isThere = from >= size && text.slice(from - size, from) === mark && text.slice(to, to + size) === mark;
  return isThere && text[from - size - 1] !== mark[0] && text[to + size] !== mark[0];
}

function wordAt(/** @type {string} */ text, /** @type {number} */ place) {
  let [from, to] = [place, place];
  while (from > 0 && WORD.test(text[from - 1])) from -= 1;
  while (to < text.length && WORD.test(text[to])) to += 1;
  return [from, to];
}

/** `code` in a line; a block of it where several lines are selected. @returns {Change} */
export function coded(/** @type {Written} */ written) {
  const { text, start, end } = written;
  return text.slice(start, end).includes("\n") ? fenced(written, text.slice(start, end)) : marked(written, "`");
}

/** A link: what is selected is its text, or its address if it is one. @returns {Change} */
export function linked(/** @type {Written} */ { text, start, end }) {
  const said = text.slice(start, end);
  if (ADDRESS.test(said)) return { from: start, to: end, put: `[](${said})`, select: [1, 1] };
  const put = `[${said}](https://)`;
  return { from: start, to: end, put, select: said ? [said.length + 3, put.length - 1] : [1, 1] };
}

/** Sets a sign before each line of the selection, or takes it away where all have it. @returns {Change} */
export function begun(/** @type {Written} */ { text, start, end }, /** @type {string} */ sign) {
  const from = lineStart(text, start);
  const to = lineEnd(text, end);
  const lines = text.slice(from, to).split("\n");
  const hasAll = lines.every((line) => line.startsWith(sign));
  const put = lines.map((line) => (hasAll ? line.slice(sign.length) : sign + line)).join("\n");
  return { from, to, put, select: start === end ? [put.length, put.length] : [0, put.length] };
}

/** Another line: a list goes on, and ends at an empty item; within a block of code the line begins where the one before did. @returns {Change} */
export function broken(/** @type {Written} */ { text, start, end }) {
  const from = lineStart(text, start);
  const line = text.slice(from, start);
  if (isInFence(text, start)) return added(start, end, `\n${/^[ \t]*/.exec(line)?.[0] ?? ""}`);
  const item = ITEM.exec(line);
  if (!item) return added(start, end, "\n");
  // An empty line ends it: without one the next line would belong to the last item.
  if (line.length === item[0].length && start === lineEnd(text, start)) return added(from, end, from ? "\n" : "");
  const [, indent, bullet, number, dot, quote, blank] = item;
  const sign = bullet ?? (quote ? ">" : `${Number(number) + 1}${dot}`);
  return added(start, end, `\n${indent}${sign}${blank.replace(/\[[xX]\]/, "[ ]")}`);
}

const added = (/** @type {number} */ from, /** @type {number} */ to, /** @type {string} */ put) => ({ from, to, put, select: /** @type {[number, number]} */ ([put.length, put.length]) });

/** An address that is pasted over words makes a link of them; several lines of code become a block. @returns {Change | null} */
export function pasted(/** @type {Written} */ written, /** @type {string} */ given) {
  const { text, start, end } = written;
  const said = text.slice(start, end);
  if (isInFence(text, start)) return null;
  if (ADDRESS.test(given.trim()) && said.trim() && !said.includes("\n") && !ADDRESS.test(said.trim())) return added(start, end, `[${said}](${given.trim()})`);
  return looksLikeCode(given) ? fenced(written, given) : null;
}

/** @returns {Change} */
function fenced(/** @type {Written} */ { text, start, end }, /** @type {string} */ code) {
  const fence = "`".repeat(Math.max(3, ...[...code.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  const before = start > 0 && text[start - 1] !== "\n" ? "\n" : "";
  const after = text[end] === "\n" ? "" : "\n";
  return added(start, end, `${before}${fence}\n${code.replace(/^\n+|\s+$/g, "")}\n${fence}${after}`);
}

/** At least half of its lines are indented or end as lines of programs do, and it is no list and no quote. */
export function looksLikeCode(/** @type {string} */ given) {
  const lines = given.split(/\r?\n/).filter((line) => line.trim());
  if (lines.length < 2 || lines.some((line) => FENCE.test(line))) return false;
  if (lines.filter((line) => ITEM.test(line)).length * 2 >= lines.length) return false;
  const like = lines.filter((line) => /[{};]\s*$|^\s*[}\])]|^(?:\t| {2,})\S.*[()[\]{}=:<>]|^\s*(?:def|class|import|from|return|const|let|var|function|public|private|async|#include|SELECT|<\/?[a-z]+)\b.*[()[\]{}=:;<>"'*.]/.test(line));
  return like.length * 2 >= lines.length;
}

const lineStart = (/** @type {string} */ text, /** @type {number} */ place) => text.lastIndexOf("\n", place - 1) + 1;

function lineEnd(/** @type {string} */ text, /** @type {number} */ place) {
  const end = text.indexOf("\n", place);
  return end < 0 ? text.length : end;
}

function isInFence(/** @type {string} */ text, /** @type {number} */ place) {
  return text.slice(0, lineStart(text, place)).split("\n").filter((line) => FENCE.test(line)).length % 2 === 1;
}
