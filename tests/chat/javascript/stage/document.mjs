/** As much of a document as drawing needs, and what was drawn as HTML, spelled as the server spells it. */
const SIGNS = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" };
const escaped = (text) => text.replace(/[&<>"']/g, (sign) => SIGNS[sign]);

class Element {
  attributes = [];
  childNodes = [];

  constructor(tag) {
    this.tag = tag;
  }

  setAttribute(name, value) {
    this.attributes.push(` ${name}="${escaped(String(value))}"`);
  }

  append(...children) {
    this.childNodes.push(...children);
  }
}

export function openDocument() {
  globalThis.document = { createElement: (tag) => new Element(tag) };
}

export const htmlOf = (nodes) => nodes.map(spell).join("");

function spell(node) {
  if (typeof node === "string") return escaped(node);
  const opened = `<${node.tag}${node.attributes.join("")}>`;
  return node.tag === "hr" ? opened : `${opened}${htmlOf(node.childNodes)}</${node.tag}>`;
}
