/**
 * Where a row belongs, from what it shows alone: a message at its number, a refused draft behind the number that it
 * followed, what is still on its way after everything, in the order in which it was said. Pure.
 */

/** Whether a message or draft is shown in the channel: a reply in a thread only when it was said there too. */
export const isInChannel = (/** @type {any} */ { thread, also_in_channel: isAlso }) => thread == null || Boolean(isAlso);

/** For sorting messages and drafts into the one order in which they stand. */
export function inOrder(/** @type {any} */ a, /** @type {any} */ b) {
  const [first, second] = [placeOf(a), placeOf(b)];
  return first.number === second.number ? first.at - second.at : first.number - second.number;
}

function placeOf(/** @type {{ seq?: number | null, state: any, after: number, at: number }} */ { seq = null, state, after, at }) {
  if (seq != null) return { number: seq, at: 0 };
  return { number: state === "failed" ? after : Number.MAX_SAFE_INTEGER, at };
}
