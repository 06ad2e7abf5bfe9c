/** New messages of the open channel, and of the open thread, are read to screen readers. */
import { byId } from "../page/dom.js";
import { feature } from "../page/feature.js";
import { Announcer } from "../timeline/announcer.js";

feature((page) => {
  const announcer = new Announcer();
  page.addEventListener("going", () => announcer.hush());
  const isSeen = (/** @type {number} */ channel) => page.isHere(channel) && !byId("pane").inert;
  page.addEventListener("fresh", ({ detail: { channel, messages } }) => isSeen(channel) && announcer.take(messages));
  page.addEventListener("replied", ({ detail: { messages } }) => announcer.take(messages.filter((/** @type {Message} */ { thread }) => thread === page.threadHere())));
});
