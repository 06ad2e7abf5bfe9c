/** The colours of code: loaded when the first block in a known language is shown. Makes nodes of what the library found, never markup. */
import library from "../../vendor/highlight/highlight.js";

/** The code as text and spans of class `is-…`; nothing for a language that the library doesn't know. @returns {(Node | string)[] | null} */
export function coloured(/** @type {string} */ code, /** @type {string} */ language) {
  if (!library.getLanguage(language)) return null;
  const found = /** @type {any} */ (library.highlight(code, { language, ignoreIllegals: true }));
  return found._emitter.rootNode.children.map(nodeOf);
}

/** @returns {Node | string} */
function nodeOf(/** @type {any} */ part) {
  if (typeof part === "string") return part;
  const span = document.createElement("span");
  if (part.scope) span.className = `is-${part.scope.split(".")[0]}`;
  span.append(...part.children.map(nodeOf));
  return span;
}
