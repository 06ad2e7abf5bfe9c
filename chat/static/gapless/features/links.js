/** Links to messages: copied from the menu, followed within the page (into a public channel by joining it), and shown as what they cite. */
import { get, getAll, post } from "../page/api.js";
import { confirm, say } from "../page/dialogs.js";
import { feature } from "../page/feature.js";
import { placeOf } from "../page/router.js";
import { copyLink } from "../timeline/acts.js";
import { Cites } from "../timeline/cites.js";

/** Into the public channel that a link leads to, if the person wants to be in it. */
async function join(/** @type {Page} */ page, /** @type {{ channel: number, seq: number }} */ { channel: id, seq }) {
  try {
    const channel = (await getAll("channels/", { scope: "public", page_size: 100 })).find((each) => each.id === id);
    if (!channel) return say("The message is in a channel that you are not in, or it is gone.");
    const isWanted = await confirm({ title: `Join ${channel.name}?`, text: "The message is in a public channel that you are not in.", action: "Join", isHarmless: true });
    if (!isWanted) return;
    page.channels.put(await post(`channels/${id}/join/`));
    await page.toMessage(id, seq);
  } catch ({ detail }) {
    say(detail);
  }
}

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
    if (!place || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (channels.get(place.channel)) page.toMessage(place.channel, place.seq);
    else join(page, place);
  };
  for (const { list } of page.lists) list.addEventListener("click", follow);
});
