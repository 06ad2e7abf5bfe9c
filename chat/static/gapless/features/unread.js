/** How much is unread: in the tab, and asked of the server where nothing else can say it. */
import { titleOf } from "../channels/channels.js";
import { Recount } from "../channels/recount.js";
import { get } from "../page/api.js";
import { feature } from "../page/feature.js";
import { showUnread } from "../page/title.js";

feature((page) => {
  const { blocks, channels } = page;
  const recount = new Recount({ load: (/** @type {any} */ id) => get(`channels/${id}/`), counted: (/** @type {any} */ channel) => channels.put(channel) });
  const show = () => showUnread({ name: page.here && titleOf(page.here), unread: channels.unread, mentioned: channels.mentioned });
  page.addEventListener("shown", show);
  channels.addEventListener("changed", show);
  channels.addEventListener("unsure", ({ detail }) => recount.ask(detail.id));
  blocks.addEventListener("changed", () => {
    for (const { id } of channels.behind()) recount.ask(id);
  });
});
