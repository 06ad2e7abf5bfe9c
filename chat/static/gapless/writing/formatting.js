/** Keys, pastes and buttons that set marks in a box to write in. Each change is the browser's own edit, so that it can be undone. */
import { begun, broken, coded, linked, marked, pasted } from "./marks.js";

/** @type {Record<string, (written: import("./marks.js").Written) => import("./marks.js").Change>} */
const ACTS = {
  bold: (written) => marked(written, "**"),
  italic: (written) => marked(written, "_"),
  strike: (written) => marked(written, "~~"),
  code: coded,
  link: linked,
  quote: (written) => begun(written, "> "),
  list: (written) => begun(written, "- "),
};
/** @type {Record<string, string>} */
const KEYS = { b: "bold", i: "italic", e: "code", k: "link" };

/** `breaks(event)`: whether this Enter makes a new line. `bar`: its buttons with `data-mark`. */
export function format(/** @type {any} */ box, /** @type {{ breaks: (event: any) => boolean, bar?: any }} */ { breaks, bar = null }) {
  box.addEventListener("keydown", (/** @type {any} */ event) => {
    if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
    const act = actOf(event, box);
    if (act) change(box, ACTS[act](writtenIn(box)));
    else if (event.key === "Enter" && breaks(event)) change(box, broken(writtenIn(box)));
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  box.addEventListener("paste", (/** @type {any} */ event) => {
    const given = event.clipboardData?.getData("text/plain") ?? "";
    const wanted = pasted(writtenIn(box), given.replaceAll("\r\n", "\n"));
    if (!wanted || event.clipboardData.files.length) return;
    event.preventDefault();
    // First as it is: undoing once brings that back.
    const { start, end } = writtenIn(box);
    change(box, { from: start, to: end, put: given, select: [given.length, given.length] });
    change(box, { ...wanted, to: start + given.length });
  });
  // The keyboard of a phone stays where it is.
  bar?.addEventListener("pointerdown", (/** @type {Event} */ event) => event.preventDefault());
  bar?.addEventListener("click", (/** @type {any} */ event) => {
    const button = event.target.closest("[data-mark]");
    if (button) change(box, ACTS[button.dataset.mark](writtenIn(box)));
  });
}

// Without a selection Ctrl+K is for jumping to a channel.
function actOf(/** @type {any} */ { ctrlKey, metaKey, altKey, shiftKey, key }, /** @type {any} */ box) {
  if (!(ctrlKey || metaKey) || altKey) return null;
  const letter = key.toLowerCase();
  if (shiftKey) return letter === "x" ? "strike" : null;
  return letter === "k" && box.selectionStart === box.selectionEnd ? null : KEYS[letter];
}

const writtenIn = (/** @type {any} */ { value, selectionStart, selectionEnd }) => ({ text: value, start: selectionStart, end: selectionEnd });

function change(/** @type {any} */ box, /** @type {import("./marks.js").Change} */ { from, to, put, select }) {
  box.focus();
  box.setSelectionRange(from, to);
  const isDone = put ? document.execCommand("insertText", false, put) : from === to || document.execCommand("delete");
  if (!isDone) {
    box.setRangeText(put, from, to, "end");
    box.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
  box.setSelectionRange(from + select[0], from + select[1]);
}
