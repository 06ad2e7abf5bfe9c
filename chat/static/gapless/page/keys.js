/** The keys of the whole page. What belongs to one part is in that part. */
import { isAnyOpen } from "./dialogs.js";

/** `switcher()`, `search()`, `help()`; `cancel()` returns true when there was something to cancel. */
export function listen(/** @type {{ switcher: Act, search: Act, help: Act, cancel: Act }} */ { switcher, search, help, cancel }) {
  addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && event.key.toLowerCase() === "k") act(event, switcher);
    else if (event.key === "F6") act(event, () => moveRegion(event.shiftKey ? -1 : 1));
    else if (isAnyOpen()) return;
    else if (event.key === "/" && !isTyping(event.target)) act(event, search);
    else if (event.key === "?" && !isTyping(event.target)) act(event, help);
    else if (event.key === "Escape" && cancel()) event.preventDefault();
  });
}

function act(/** @type {any} */ event, /** @type {Act} */ what) {
  event.preventDefault();
  what();
}

const isTyping = (/** @type {any} */ target) => target.matches("input, textarea, select, [contenteditable]");

function moveRegion(/** @type {number} */ step) {
  const regions = [...document.querySelectorAll("[data-region]")].filter((region) => region.checkVisibility());
  const current = regions.findLastIndex((region) => region.contains(document.activeElement));
  const next = regions[(current + step + regions.length) % regions.length];
  const stops = [...next.querySelectorAll('[aria-current="page"], .row[tabindex="0"], textarea'), ...next.querySelectorAll("a, button")];
  (stops.find((stop) => stop.checkVisibility()) ?? next).focus();
}
