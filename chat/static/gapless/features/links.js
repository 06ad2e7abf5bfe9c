/** Links to messages: copied from the menu, followed within the page, and shown as what they cite. */
import { get } from "../page/api.js";
import { feature } from "../page/feature.js";
import { placeOf } from "../page/router.js";
import { copyLink } from "../timeline/acts.js";
import { Cites } from "../timeline/cites.js";

feature((page) => {
  const { acts, blocks, channels, client, scroll, timeline: beside } = page;
  const refresh = () =>
    scroll.hold(() => {
      for (const { timeline } of page.lists) for (const { id } of timeline.messages) cites.show(timeline.row(id));
    });
  const cites = new Cites({
    load: async (places) => (await get("cited/", { at: places.map(({ channel, seq }) => `${channel}.${seq}`).join() })).results,
    channelOf: (id) => channels.get(id),
    isFolded: ({ sender }) => blocks.has(sender?.id),
    came: refresh,
  });
  acts.link = { act: copyLink, isOffered: () => true };
  beside.parts.push((row, message) => message.id != null && cites.show(row));
  client.addEventListener("changes", ({ detail: { changes } }) => cites.take(changes) && refresh());
  client.addEventListener("hello", () => (cites.retry(), refresh()));
  client.addEventListener("channel", ({ detail: { channel } }) => (cites.forget(channel.id), refresh()));
  const follow = (/** @type {MouseEvent} */ event) => {
    const link = /** @type {any} */ (event.target).closest("a[href]");
    const place = link && placeOf(link.href);
    if (!place || !channels.get(place.channel) || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    page.toMessage(place.channel, place.seq);
  };
  for (const { list } of page.lists) list.addEventListener("click", follow);
});
