/** One picture large, and the others of the channel by arrows or by a finger. Knows what it is given and nothing of messages. */
import { icon, make } from "../page/dom.js";

const SWIPE_PIXELS = 50;
/** @type {any} */
let box = null;
/** @type {{ pictures: any[], place: number }} */
let shown = { pictures: [], place: 0 };

/** `pictures`: [{url, name, width, height}]; shows the one at `place`. The focus goes back when it closes. */
export function show(/** @type {any[]} */ pictures, /** @type {number} */ place) {
  box ??= made();
  shown = { pictures, place };
  fill();
  box.showModal();
}

function step(/** @type {number} */ by) {
  const place = shown.place + by;
  if (!shown.pictures[place]) return;
  shown.place = place;
  fill();
}

function fill() {
  const { pictures, place } = shown;
  const { url, name, width, height } = pictures[place];
  const find = (/** @type {string} */ selector) => box.querySelector(selector);
  find(".lightbox-place").replaceChildren(make("img", { src: url, alt: name, width, height }));
  find(".lightbox-name").textContent = name;
  find(".lightbox-count").textContent = pictures.length > 1 ? `${place + 1} of ${pictures.length}` : "";
  Object.assign(find(".lightbox-download"), { href: url, download: name });
  find(".lightbox-before").disabled = !place;
  find(".lightbox-after").disabled = place === pictures.length - 1;
}

function made() {
  const button = (/** @type {string} */ name, /** @type {string} */ label, /** @type {string} */ sign, /** @type {any} */ click) =>
    make("button", { class: `icon-button lightbox-${name}`, type: "button", "aria-label": label, title: label, on: { click } }, icon(sign));
  const head = make("header", { class: "lightbox-head" },
    make("b", { class: "lightbox-name" }), make("span", { class: "lightbox-count" }),
    make("a", { class: "icon-button lightbox-download", "aria-label": "Download", title: "Download" }, icon("download")),
    button("close", "Close (Esc)", "close", () => box.close()));
  const dialog = make("dialog", { class: "lightbox", "aria-label": "Picture" }, head,
    make("div", { class: "lightbox-place" }),
    button("before", "Previous picture (←)", "back", () => step(-1)), button("after", "Next picture (→)", "back", () => step(1)));
  dialog.addEventListener("keydown", (/** @type {any} */ { key }) => key === "ArrowLeft" ? step(-1) : key === "ArrowRight" && step(1));
  swipes(dialog.querySelector(".lightbox-place"));
  dialog.querySelector(".lightbox-place").addEventListener("click", (/** @type {any} */ { target }) => target.tagName !== "IMG" && box.close());
  document.body.append(dialog);
  return dialog;
}

function swipes(/** @type {any} */ place) {
  let from = 0;
  place.addEventListener("pointerdown", (/** @type {any} */ { clientX }) => (from = clientX));
  place.addEventListener("pointerup", (/** @type {any} */ { clientX }) => {
    const moved = clientX - from;
    if (Math.abs(moved) > SWIPE_PIXELS) step(moved < 0 ? 1 : -1);
  });
}
