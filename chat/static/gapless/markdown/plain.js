/** A body as one line of text, without its marks: for excerpts, quotes, notices and lists. The server's `chat/markdown/plain.py` is the same. */
import { BLANK } from "./links.js";
import { parse } from "./parser.js";

const BLANKS = new RegExp(`[${BLANK}]+`, "g");
const APART = ["fence", "code_block", "hardbreak"];

export const plain = (/** @type {string} */ body) => said(parse(body)).replace(BLANKS, " ").replace(/^ | $/g, "");

const said = (/** @type {any[]} */ tokens) => tokens.map(wordsOf).join("");

/** @returns {string} */
function wordsOf(/** @type {any} */ { type, content, children }) {
  if (type === "inline") return `${said(children)} `;
  if (type === "hr") return " — ";
  return APART.includes(type) ? ` ${content} ` : content;
}
