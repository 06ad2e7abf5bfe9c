/** The buttons that set marks, where fingers write: there are no keys for it. */
import { sketch } from "../markdown/sketch.js";
import { make } from "../page/dom.js";

/** @type {[string, string, () => Node][]} */
const MARKS = [
  ["bold", "Bold", () => make("b", {}, "B")],
  ["italic", "Italic", () => make("i", {}, "I")],
  ["strike", "Strikethrough", () => make("s", {}, "S")],
  ["code", "Code", () => make("code", {}, "<>")],
  ["link", "Link", () => sketch("M8.5 11.5a3.2 3.2 0 0 0 4.6.1l2.4-2.4a3.2 3.2 0 0 0-4.5-4.6l-1 1M11.5 8.5a3.2 3.2 0 0 0-4.6-.1l-2.4 2.4a3.2 3.2 0 0 0 4.5 4.6l1-1")],
  ["list", "List", () => sketch("M8 5.5h8.5M8 10h8.5M8 14.5h8.5M4 5.5h.01M4 10h.01M4 14.5h.01")],
  ["quote", "Quote", () => sketch("M4 4v12M8 6h8M8 10h8M8 14h5")],
];

export function bar() {
  const buttons = MARKS.map(([mark, label, sign]) => make("button", { type: "button", data: { mark }, "aria-label": label }, /** @type {Callback} */ (sign)()));
  return make("div", { class: "composer-marks", id: "composer-marks", role: "toolbar", "aria-label": "Formatting" }, ...buttons);
}
