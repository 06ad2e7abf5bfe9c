/** Pages of a channel's messages over HTTP, oldest first. Knows nothing of what is shown. */
import { get } from "../page/api.js";
import { learn } from "../people/names.js";

const PAGE = 20;

/** Resolves to {messages, isLast}: `isLast` says that nothing lies beyond in the direction asked. */
async function load(channel, query) {
  const { results } = await get(`channels/${channel}/messages/`, query);
  learn(results.map(({ sender }) => sender));
  return { messages: results.toReversed(), isLast: results.length < PAGE };
}

export const latest = (channel) => load(channel, {});
export const before = (channel, seq) => load(channel, { before: seq });
export const after = (channel, seq) => load(channel, { after: seq });
export const around = (channel, seq) => load(channel, { around: seq });
export const one = (channel, id) => get(`channels/${channel}/messages/${id}/`);
