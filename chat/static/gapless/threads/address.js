/**
 * The open thread in the address (`?thread=`). Where it covers the channel it is a step of its own, so that Back closes it; beside
 * the channel it belongs to the step that the channel is.
 */

/** The root that an address names; 0 without one. */
export const rootIn = (/** @type {string} */ address) => Number(new URL(address).searchParams.get("thread"));

/** A thread was opened. Where the address says so already, it was opened by it. */
export function enter(/** @type {number} */ root, { covers = false } = {}) {
  if (rootIn(location.href) === root) return;
  if (covers && !history.state?.isThread) history.pushState({ isThread: true }, "", withRoot(root));
  else history.replaceState(history.state, "", withRoot(root));
}

/** The person has closed it: back to the step before, where opening it was one. */
export function leave(/** @type {number} */ root) {
  if (rootIn(location.href) !== root) return;
  if (history.state?.isThread) history.back();
  else forget(root);
}

/** Another channel is being opened: this step is the channel without its thread. */
export function forget(/** @type {number} */ root) {
  if (rootIn(location.href) === root) history.replaceState(null, "", withRoot(null));
}

function withRoot(/** @type {number | null} */ root) {
  const address = new URL(location.href);
  if (root) address.searchParams.set("thread", String(root));
  else address.searchParams.delete("thread");
  return address;
}
