/** The keys of the whole page. What belongs to one part is in that part. */
import { isAnyOpen } from "./dialogs.js";

/** `shortcuts`: by the letter beside Ctrl or Cmd, `withAlt`: by the key beside Alt; `keys`: where nobody is writing; `cancels`: the first that returns true had something to cancel. */
export function listen(/** @type {{ shortcuts: Record<string, Callback>, withAlt: Record<string, Callback>, keys: Record<string, Callback>, cancels: Callback[] }} */ { shortcuts, withAlt, keys, cancels }) {
  addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const shortcut = event.ctrlKey || event.metaKey ? shortcuts[event.key.toLowerCase()] : null;
    if (shortcut) act(event, shortcut);
    else if (event.key === "F6") act(event, () => moveRegion(event.shiftKey ? -1 : 1));
    else if (isAnyOpen()) return;
    else if (event.altKey && withAlt[event.key]) act(event, withAlt[event.key]);
    else if (keys[event.key] && !isTyping(event.target)) act(event, keys[event.key]);
    else if (event.key === "Escape" && cancels.some((cancel) => cancel())) event.preventDefault();
  });
}

function act(/** @type {any} */ event, /** @type {Callback} */ what) {
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
