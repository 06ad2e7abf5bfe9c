/**
 * Links: which addresses are some (http, https, mailto), those that are typed as they are, and that none says another than its own.
 * The server's `chat/markdown/links.py` is the same, expression for expression: change both.
 */
import { spelled } from "./hosts.js";

// Not seen, or turns the direction of writing.
export const HIDDEN = String.raw`\u0000-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff`;
export const BLANK = String.raw`\u0009-\u000d\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
export const HOST = String.raw`[^${HIDDEN}${BLANK}<>"\x60/?#@\\]+`;
export const PATH = String.raw`(?:[/?#][^${HIDDEN}${BLANK}<>"\x60\\]*)?`;
// No name and password before the host: they look like it.
const WEB = `[hH][tT][tT][pP][sS]?://(?!${HOST}@)${HOST}${PATH}`;
export const MAIL = String.raw`[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+`;
const ADDRESS = new RegExp(`^(?:${WEB}|[mM][aA][iI][lL][tT][oO]:${MAIL})$`);
const TYPED = new RegExp(WEB, "y");
const SCHEME = /(?<![A-Za-z0-9])[hH][tT][tT][pP][sS]?$/;
const CLOSING = ".,;:!?'*~…。、，！？；：」』";
/** @type {Record<string, string>} */
const BRACKETS = { ")": "(", "]": "[" };
// A text speaks of an address that has a scheme, or is nothing but a host; names of files look like one: `main.py`.
const SAYS_SCHEME = /[A-Za-z][A-Za-z0-9+.-]*:\/\/|[wW][wW][wW]\.|[mM][aA][iI][lL][tT][oO]:/;
const SAYS_HOST = /^[^ /:]+\.([A-Za-z\u00a1-\uffff]{2,})(?:[/?#:][^ ]*)?$/;
const FILE = /^(?:py|md|rs|sh|pl|js|ts|css|html|json|toml|yml|yaml|txt|java|kt|rb|php|sql|cfg|ini|xml|svg|png|pdf|csv)$/i;
const FORM = /^[hH][tT][tT][pP][sS]?:\/\/|^[mM][aA][iI][lL][tT][oO]:|\/$/g;
const ALL_HIDDEN = new RegExp(`[${HIDDEN}]+`, "g");
const ALL_BLANK = new RegExp(`[${BLANK}]+`, "g");

export const isAddress = (/** @type {string} */ url) => ADDRESS.test(url);

/** Without what closes the sentence, a bracket that was not opened within, or the sign that stands `before` it. */
export function trimmed(/** @type {string} */ url, before = "") {
  let rest = url;
  while (rest && closes(rest, before)) rest = rest.slice(0, -1);
  return rest;
}

function closes(/** @type {string} */ url, /** @type {string} */ before) {
  const last = url.slice(-1);
  if (last in BRACKETS) return url.split(last).length > url.split(BRACKETS[last]).length;
  return CLOSING.includes(last) || (last === "_" && before === "_");
}

/** An address as it is typed or pasted; before emphasis, so that its underscores are its own. */
export function addressRule(/** @type {any} */ state, /** @type {boolean} */ isSilent) {
  const scheme = state.src[state.pos] === ":" && !state.linkLevel ? SCHEME.exec(state.pending)?.[0] : null;
  if (!scheme) return false;
  const start = state.pos - scheme.length;
  TYPED.lastIndex = start;
  const url = trimmed(TYPED.exec(state.src)?.[0] ?? "", state.src[start - 1]);
  if (!isAddress(url)) return false;
  if (!isSilent) {
    state.pending = state.pending.slice(0, -scheme.length);
    state.push("link_open", "a", 1).attrs = [["href", url]];
    state.push("text", "", 0).content = url;
    state.push("link_close", "a", -1);
  }
  state.pos += url.length - scheme.length;
  return true;
}

/** A link that says nothing, or an address, shows its own, with its host as it can be told apart; one that says something else has it as title. */
export function withAddresses(/** @type {any[]} */ tokens, /** @type {any} */ Token) {
  /** @type {any[]} */
  const shown = [];
  let opening = 0;
  for (const token of tokens) {
    if (token.type === "link_open") opening = shown.length;
    shown.push(token);
    if (token.type === "link_close") shown.push(...shownLink(shown.splice(opening), Token));
  }
  return shown;
}

/** @returns {any[]} */
function shownLink(/** @type {any[]} */ [opening, ...rest], /** @type {any} */ Token) {
  const text = (/** @type {string} */ content) => Object.assign(new Token("text", "", 0), { content });
  const [said, href] = [rest.map(({ content }) => content).join(""), opening.attrGet("href")];
  if (!href) return [text("["), ...rest.slice(0, -1), text("]()")];
  const shown = spelled(href);
  const saysOwn = isWords(said) || (shown === href && isHonest(said, href));
  opening.attrs = saysOwn && said !== href ? [["href", href], ["title", shown]] : [["href", href]];
  return [opening, ...(saysOwn ? rest : [text(shown), rest[rest.length - 1]])];
}

const seenOf = (/** @type {string} */ said) => said.replace(ALL_HIDDEN, "").replace(ALL_BLANK, " ").replace(/^ | $/g, "");

/** Says something, and no address. */
function isWords(/** @type {string} */ said) {
  const seen = seenOf(said);
  const host = SAYS_HOST.exec(seen);
  return seen !== "" && !SAYS_SCHEME.test(seen) && (!host || FILE.test(host[1]));
}

/** The address is where the link goes, or a beginning of it. */
function isHonest(/** @type {string} */ said, /** @type {string} */ href) {
  const seen = seenOf(said);
  const [bare, own] = [seen.replace(FORM, ""), href.replace(FORM, "")];
  return bare !== "" && (own === bare || ["/", "?", "#"].some((next) => own.startsWith(bare + next)));
}
