/** What can be done with the open channel itself. */
import { About } from "../channels/about.js";
import { Arranging } from "../channels/arranging.js";
import { feature } from "../page/feature.js";

feature((page) => {
  const { blocks, channels, people } = page;
  new About({
    channel: () => page.here, people, blocks, arranging: new Arranging(channels),
    changed: (/** @type {any} */ channel) => channels.put(channel), left: (/** @type {any} */ channel) => page.end(channel.id, "left"),
  });
});
