/** Pages of a channel's messages over HTTP, oldest first. Knows nothing of what is shown. */
import { get } from "../page/api.js";
import { learn } from "../people/names.js";

const PAGE = 20;
const LARGE_PAGE = 100; // where little of what is loaded is shown

/** Resolves to {messages, isLast}: `isLast` says that nothing lies beyond in the direction asked. */
async function load(/** @type {number} */ channel, /** @type {any} */ query) {
  const { results } = await get(`channels/${channel}/messages/`, query);
  learn(results.map((/** @type {Message} */ { sender }) => sender));
  return { messages: results.toReversed(), isLast: results.length < (query.page_size ?? PAGE) };
}

export const latest = (/** @type {number} */ channel) => load(channel, {});
export const before = (/** @type {number} */ channel, /** @type {number} */ seq, { isSparse = false } = {}) => load(channel, { before: seq, ...(isSparse ? { page_size: LARGE_PAGE } : {}) });
export const after = (/** @type {number} */ channel, /** @type {number} */ seq) => load(channel, { after: seq });
/** With `isLatest`: less than the half of the page that newer ones may have says that there are no others. */
export async function around(/** @type {number} */ channel, /** @type {number} */ seq) {
  const page = await load(channel, { around: seq });
  return { ...page, isLatest: page.messages.filter((/** @type {Message} */ message) => message.seq >= seq).length < PAGE / 2 };
}
export const one = (/** @type {number} */ channel, /** @type {number} */ id) => get(`channels/${channel}/messages/${id}/`);
