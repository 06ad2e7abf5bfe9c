/** Pages of a channel's messages over HTTP, oldest first. Knows nothing of what is shown. */
import { get } from "../page/api.js";
import { learn } from "../people/names.js";

const PAGE = 20;

/** Resolves to {messages, isLast}: `isLast` says that nothing lies beyond in the direction asked. */
async function load(/** @type {number} */ channel, /** @type {any} */ query) {
  const { results } = await get(`channels/${channel}/messages/`, query);
  learn(results.map((/** @type {Message} */ { sender }) => sender));
  return { messages: results.toReversed(), isLast: results.length < PAGE };
}

export const latest = (/** @type {number} */ channel) => load(channel, {});
export const before = (/** @type {number} */ channel, /** @type {number} */ seq) => load(channel, { before: seq });
export const after = (/** @type {number} */ channel, /** @type {number} */ seq) => load(channel, { after: seq });
export const around = (/** @type {number} */ channel, /** @type {number} */ seq) => load(channel, { around: seq });
export const one = (/** @type {number} */ channel, /** @type {number} */ id) => get(`channels/${channel}/messages/${id}/`);
