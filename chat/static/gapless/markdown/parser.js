/**
 * A body as tokens of markdown-it: CommonMark without raw HTML, images and character references, with tables and strikethrough.
 * The server's `chat/markdown/parser.py` is the same, rule for rule: change both.
 */
import MarkdownIt from "../../vendor/markdown-it/markdown-it.js";
import { addressRule, BLANK, HIDDEN, isAddress, withAddresses } from "./links.js";
import { withWords } from "./words.js";

const RULES = [
  ...["blockquote", "code", "fence", "heading", "hr", "list", "reference", "table"],
  ...["escape", "backticks", "strikethrough", "emphasis", "link", "autolink"],
];
// In one paragraph or cell; with more of them they are text, so that no body takes long.
const MOST_MARKS = 200;
const MARKS = "[*_~";
const NO_MARKS = /[^[*_~]+/g;
// Quotes and lists within each other; what is nested deeper is shown as it was typed.
const MOST_NESTED = 20;
const CONTAINERS = ["blockquote_open", "list_item_open"];
const ESCAPED = /[!-/:-@[-`{-~\n]/;
const SEEN = new RegExp(`[^${HIDDEN}${BLANK}]`);
const BLANK_ENDS = new RegExp(`^[${BLANK}]+|[${BLANK}]+$`, "g");

const Parser = /** @type {any} */ (MarkdownIt);
const parser = new Parser("zero", { maxNesting: MOST_NESTED }).enable(RULES);
// An address is taken as it was typed: the browser spells it.
Object.assign(parser, { validateLink: isAddress, normalizeLink: (/** @type {string} */ url) => url, normalizeLinkText: (/** @type {string} */ text) => text });
parser.inline.ruler.after("text", "bound", boundRule);
parser.inline.ruler.after("bound", "address", addressRule);
parser.inline.ruler.after("address", "line", lineRule);
parser.inline.ruler.after("line", "backslash", backslashRule);
parser.inline.ruler.after("backslash", "nested", nestedRule);
parser.core.ruler.after("block", "trim", trimBlocks);
parser.core.ruler.push("words", findWords);

/** Never nothing: what would show nothing, or is nested too deeply, is one paragraph of what was typed. @returns {any[]} */
export function parse(/** @type {string} */ body) {
  const tokens = parser.parse(body.replaceAll("\ufeff", ""), {});
  return showsSomething(tokens) && !isTooDeep(tokens) ? tokens : asTyped(body);
}

function boundRule(/** @type {any} */ state, /** @type {boolean} */ isSilent) {
  const sign = state.src[state.pos];
  if (!MARKS.includes(sign) || !hasTooManyMarks(state)) return false;
  if (!isSilent) state.pending += sign;
  state.pos += 1;
  return true;
}

function lineRule(/** @type {any} */ state, /** @type {boolean} */ isSilent) {
  if (state.src[state.pos] !== "\n") return false;
  if (!isSilent) state.pending = `${state.pending.replace(/ +$/, "")}\n`;
  state.pos += 1;
  while (state.pos < state.posMax && " \t".includes(state.src[state.pos])) state.pos += 1;
  return true;
}

// In a link an address between brackets is text: no link within a link.
function nestedRule(/** @type {any} */ state, /** @type {boolean} */ isSilent) {
  if (state.src[state.pos] !== "<" || !state.linkLevel) return false;
  if (!isSilent) state.pending += "<";
  state.pos += 1;
  return true;
}

// One that escapes nothing: the two libraries part with it differently.
function backslashRule(/** @type {any} */ state, /** @type {boolean} */ isSilent) {
  if (state.src[state.pos] !== "\\" || ESCAPED.test(state.src[state.pos + 1] ?? "")) return false;
  if (!isSilent) state.pending += "\\";
  state.pos += 1;
  return true;
}

function hasTooManyMarks(/** @type {any} */ state) {
  state.markCount ??= state.src.replace(NO_MARKS, "").length;
  return state.markCount > MOST_MARKS;
}

// The server's library takes all blanks from a paragraph's ends, this one spaces and tabs.
function trimBlocks(/** @type {any} */ { tokens }) {
  for (const token of tokens) if (token.type === "inline") token.content = token.content.replace(BLANK_ENDS, "");
}

function findWords(/** @type {any} */ { tokens, Token }) {
  for (const token of tokens) if (token.children) token.children = withAddresses(withWords(token.children, Token), Token);
}

function showsSomething(/** @type {any[]} */ tokens) {
  const inner = tokens.flatMap((token) => (token.type === "inline" ? token.children : [token]));
  return inner.some(({ type, content }) => type === "hr" || SEEN.test(content));
}

const isTooDeep = (/** @type {any[]} */ tokens) => tokens.some(({ type, level }) => CONTAINERS.includes(type) && level + 1 >= MOST_NESTED);

function asTyped(/** @type {string} */ body) {
  const children = [{ type: "text", content: body, nesting: 0 }];
  return [{ type: "paragraph_open", tag: "p", nesting: 1, content: "" }, { type: "inline", children }, { type: "paragraph_close", tag: "p", nesting: -1, content: "" }];
}
