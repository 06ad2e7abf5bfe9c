/**
 * The end of a sign-in: says it over the whole page, and lets the other tabs of this browser know at once; and its return.
 * What was on screen its owners take away themselves.
 */
import { byId } from "./dom.js";

const OUT = "gapless.signed-out";
const IN = "gapless.signed-in";

/** `ended()`: another tab has signed out, as it says. */
export function listen(/** @type {{ ended: Callback }} */ { ended }) {
  let isLeaving = false;
  byId("sign-out").addEventListener("submit", () => (isLeaving = true));
  // The page goes when the answer is there: by then the session has ended.
  addEventListener("pagehide", () => isLeaving && tell(OUT));
  addEventListener("storage", ({ key }) => key === OUT && ended());
  // Who has signed in again in another tab is signed in here too: this page of before goes.
  addEventListener("storage", ({ key }) => key === IN && document.body.hasAttribute("data-signed-out") && location.reload());
  tell(IN);
  byId("signed-out").querySelector("button").addEventListener("click", () => (location.href = document.body.dataset.signIn ?? "/"));
}

export function show() {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  for (const popover of document.querySelectorAll(":popover-open")) popover.hidePopover();
  for (const list of document.querySelectorAll("dialog .lines, dialog .found, dialog .reports")) list.replaceChildren();
  for (const place of [byId("channel-title"), byId("channel-topic")]) place.textContent = "";
  document.body.toggleAttribute("data-signed-out", true);
  // The keys of the page have nothing to act on any more.
  addEventListener("keydown", (event) => event.stopImmediatePropagation(), { capture: true });
  const page = byId("signed-out");
  page.addEventListener("cancel", (/** @type {any} */ event) => event.preventDefault());
  page.showModal();
}

function tell(/** @type {string} */ key) {
  try {
    localStorage.setItem(key, String(Math.random()));
  } catch {
    // Then their sockets tell them.
  }
}
