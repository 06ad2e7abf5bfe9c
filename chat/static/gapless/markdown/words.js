/**
 * Words that mean something by themselves, found in the text between all other marks: in no code and in no link.
 * The server's `chat/markdown/words.py` is the same, expression for expression: change both. A new kind of word is one more line of WORDS.
 */
import { HOST, isAddress, MAIL, PATH, trimmed } from "./links.js";

/** @typedef {{ tag: string, attributes: Record<string, string>, text: string }} Word `text`: what it takes of what was found, from its beginning */

/** @returns {Word | null} */
function site(/** @type {string} */ found) {
  const text = trimmed(found);
  const href = `https://${text}`;
  return text.slice(4).includes(".") && isAddress(href) ? { tag: "a", attributes: { href, title: href }, text } : null;
}

/** @returns {Word | null} */
const mail = (/** @type {string} */ found) => ({ tag: "a", attributes: { href: `mailto:${found}`, title: `mailto:${found}` }, text: found });

/**
 * Whom it may name, in small letters; whether it does is the message's to say (`mentions`).
 * @returns {Word | null}
 */
const call = (/** @type {string} */ found) => ({ tag: "span", attributes: { "data-call": found.slice(1).toLowerCase() }, text: found.replace(/[._-]+$/, "") });

// Letters of the scripts in which a name could go on; beside those that are written without blanks a name may stand.
const LETTER = String.raw`A-Za-z0-9_\u00aa\u00b5\u00ba\u00c0-\u02af\u0370-\u052f\u1e00-\u1fff`;
// A word of its own: not within an address of mail, or another's: `a.@example`, `@bob@example`.
const CALL = `(?<![${LETTER}@])(?<![${LETTER}][.+-])@[A-Za-z0-9][A-Za-z0-9._-]*(?![${LETTER}@])`;

/**
 * What is looked for, in this order, and what is made of it: nothing, and it stays text.
 * @type {[RegExp, (found: string) => Word | null][]}
 */
const WORDS = [
  [new RegExp(String.raw`(?<![A-Za-z0-9._-])[wW][wW][wW]\.${HOST}${PATH}`, "g"), site],
  [new RegExp(`(?<![A-Za-z0-9._+/-])${MAIL}`, "g"), mail],
  [new RegExp(CALL, "g"), call],
];

export function withWords(/** @type {any[]} */ tokens, /** @type {any} */ Token) {
  let links = 0;
  return tokens.flatMap((token) => {
    links += Number(token.type === "link_open") - Number(token.type === "link_close");
    return links || token.type !== "text" ? [token] : split(token.content).map((part) => tokenOf(part, Token));
  });
}

/** @returns {(string | Word)[]} */
function split(/** @type {string} */ text) {
  /** @type {(string | Word)[]} */
  let parts = [text];
  for (const [pattern, word] of WORDS) parts = parts.flatMap((part) => (typeof part === "string" ? found(part, pattern, word) : [part]));
  return parts;
}

function found(/** @type {string} */ text, /** @type {RegExp} */ pattern, /** @type {(found: string) => Word | null} */ word) {
  /** @type {(string | Word)[]} */
  const pieces = [];
  let end = 0;
  pattern.lastIndex = 0; // matchAll would compile it again for every piece of text
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const made = word(match[0]);
    if (!made) continue;
    pieces.push(text.slice(end, match.index), made);
    end = match.index + made.text.length;
  }
  return [...pieces, text.slice(end)].filter((piece) => piece !== "");
}

function tokenOf(/** @type {string | Word} */ part, /** @type {any} */ Token) {
  if (typeof part === "string") return Object.assign(new Token("text", "", 0), { content: part });
  return Object.assign(new Token("word", part.tag, 0), { content: part.text, attrs: Object.entries(part.attributes) });
}
