/** New messages of the open channel are read to screen readers. */
import { feature } from "../page/feature.js";
import { Announcer } from "../timeline/announcer.js";

feature((page) => {
  const announcer = new Announcer();
  page.addEventListener("going", () => announcer.hush());
  page.addEventListener("fresh", ({ detail: { channel, messages } }) => page.isHere(channel) && announcer.take(messages));
});
