/** Blocks of code on a page: coloured when their language is known, copied and wrapped by a button each. */
import { sketch } from "./sketch.js";

const LANGUAGE = /^language-(.+)$/;
const SAID_MS = 2_000;
const WRAP = "M3 5h14M3 10h11.5a2.5 2.5 0 0 1 0 5H11m2-2-2 2 2 2M3 15h4";
const COPY = "M9 7h7.5v9.5H9a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2zM13 7V5.3a1.8 1.8 0 0 0-1.8-1.8H5.3a1.8 1.8 0 0 0-1.8 1.8v5.9A1.8 1.8 0 0 0 5.3 13H7";
/** @type {any} */
let highlighter = null; // once loaded
/** @type {Promise<any> | null} */
let loading = null;

/** Nodes as `draw` gives them, with what their blocks of code can do. @returns {Node[]} */
export function equipped(/** @type {any[]} */ nodes) {
  const blocks = nodes.flatMap((node) => [...(node.matches?.(".code") ? [node] : []), ...(node.querySelectorAll?.(".code") ?? [])]);
  for (const block of blocks) equip(block);
  return nodes;
}

function equip(/** @type {any} */ block) {
  const code = block.querySelector("code");
  const wrap = button("Wrap long lines", WRAP, () => wrap.setAttribute("aria-pressed", String(block.classList.toggle("is-wrapped"))));
  wrap.setAttribute("aria-pressed", "false");
  const copy = button("Copy the code", COPY, () => copied(copy, code));
  const acts = document.createElement("div");
  acts.className = "code-acts";
  acts.append(wrap, copy);
  block.append(acts);
  const language = LANGUAGE.exec(code.className)?.[1];
  if (language) colour(code, language);
}

async function colour(/** @type {any} */ code, /** @type {string} */ language) {
  if (!highlighter) {
    loading ??= load();
    await loading;
  }
  const nodes = highlighter?.coloured(code.textContent, language);
  if (nodes) code.replaceChildren(...nodes);
}

async function load() {
  try {
    highlighter = await import(document.querySelector("meta[name=highlighter]").content);
  } catch {
    loading = null; // the code stays as it is; the next block tries again
  }
}

async function copied(/** @type {any} */ copy, /** @type {any} */ code) {
  const isCopied = await navigator.clipboard?.writeText(code.textContent).then(() => true, () => false);
  if (!isCopied) getSelection()?.selectAllChildren(code);
  say(copy, isCopied ? "Copied" : "Selected: press Ctrl+C to copy");
  setTimeout(() => say(copy, ""), SAID_MS);
}

function say(/** @type {any} */ copy, /** @type {string} */ words) {
  copy.dataset.said = words;
  copy.setAttribute("aria-label", words || copy.title);
}

function button(/** @type {string} */ title, /** @type {string} */ drawing, /** @type {() => void} */ pressed) {
  const made = Object.assign(document.createElement("button"), { type: "button", title });
  made.setAttribute("aria-label", title);
  made.append(sketch(drawing));
  made.addEventListener("click", pressed);
  return made;
}
