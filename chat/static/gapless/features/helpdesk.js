/** For agents: the way to the support desk, and how many customers wait there. The desk's logs say when to ask anew. */
import { get } from "../page/api.js";
import { byId } from "../page/dom.js";
import { feature } from "../page/feature.js";

const ASK_MS = 3_000; // at most so often, however much happens at the desk

feature(({ channels, client }) => {
  const link = byId("helpdesk");
  const badge = link.querySelector(".badge");
  let isDue = false;
  /** @type {any} */ let timer = null;

  async function ask() {
    isDue = false;
    timer = setTimeout(again, ASK_MS);
    const { waiting } = await get("support/conversations/counts/").catch(() => ({ waiting: null }));
    if (waiting === null) return;
    badge.hidden = !waiting;
    badge.querySelector(".badge-number").textContent = waiting > 99 ? "99+" : waiting;
  }

  function again() {
    timer = null;
    if (isDue) ask();
  }

  function look() {
    link.hidden = !channels.isAgent;
    if (!channels.isAgent) return;
    isDue = true;
    if (!timer) ask();
  }

  client.addEventListener("hello", look);
  client.addEventListener("channel", ({ detail: { channel } }) => channel.kind === "desk" && look());
  client.addEventListener("changes", ({ detail: { channel } }) => channels.get(channel)?.kind === "desk" && look());
  client.addEventListener("resync", ({ detail: { channel } }) => channels.get(channel)?.kind === "desk" && look());
});
