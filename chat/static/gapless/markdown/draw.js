/** A body as nodes. Every element and attribute that can come out is spelled here; the server's `chat/markdown/html.py` makes the same. */
import { parse } from "./parser.js";

const LANGUAGE = /^[A-Za-z0-9+#.-]{1,20}(?![^ \t])/;
/** @type {Record<string, string>} */
const ALIGN = { "text-align:left": "left", "text-align:center": "center", "text-align:right": "right" };
const PLAIN = ["p", "blockquote", "ul", "li", "thead", "tbody", "tr", "em", "strong", "s"];
const WITHIN = { target: "_blank", rel: "noopener noreferrer nofollow" };

/** Text is set as text: nothing of the body is markup in it but what Markdown made. @returns {Node[]} */
export function draw(/** @type {string} */ body) {
  const root = element("div");
  fill(root, parse(body));
  return [...root.childNodes];
}

function fill(/** @type {any} */ root, /** @type {any[]} */ tokens) {
  const open = [root];
  for (const token of tokens) {
    const place = open[open.length - 1];
    if (token.hidden) continue;
    if (token.type === "inline") fill(place, token.children);
    else if (token.nesting > 0) open.push(opened(place, token));
    else if (token.nesting < 0) open.pop();
    else place.append(leaf(token));
  }
}

function opened(/** @type {any} */ place, /** @type {any} */ token) {
  const node = token.tag === "table" ? element("table") : elementOf(token);
  place.append(token.tag === "table" ? element("div", { class: "table", tabindex: "0" }, node) : node);
  return node;
}

function elementOf(/** @type {any} */ token) {
  if (PLAIN.includes(token.tag)) return element(token.tag);
  if (token.tag === "a") return element("a", { ...Object.fromEntries(token.attrs), ...WITHIN });
  if (token.tag === "ol") return element("ol", token.attrGet("start") === null ? {} : { start: token.attrGet("start") });
  if (token.tag === "th" || token.tag === "td") {
    const align = ALIGN[token.attrGet("style")];
    return element(token.tag, align ? { class: align } : {});
  }
  return element("h2", { class: token.tag });
}

function leaf(/** @type {any} */ token) {
  const { type, content } = token;
  if (type === "text") return content;
  if (type === "fence" || type === "code_block") return codeBlock(content.replace(/\n$/, ""), token.info);
  if (type === "code_inline") return element("code", {}, content);
  if (type === "word") return element(token.tag, { ...Object.fromEntries(token.attrs), ...(token.tag === "a" ? WITHIN : {}) }, content);
  return type === "hr" ? element("hr") : "\n";
}

function codeBlock(/** @type {string} */ code, /** @type {string} */ info) {
  const language = LANGUAGE.exec(info.replace(/^[ \t]+/, ""))?.[0].toLowerCase();
  return element("div", { class: "code" }, element("pre", { tabindex: "0" }, element("code", language ? { class: `language-${language}` } : {}, code)));
}

function element(/** @type {string} */ tag, /** @type {Record<string, string>} */ attributes = {}, /** @type {any[]} */ ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
