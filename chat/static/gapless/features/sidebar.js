/** The list of channels, and the names of channels wherever they stand beside others. */
import { paintTitles } from "../channels/header.js";
import { Sidebar } from "../channels/sidebar.js";
import { feature } from "../page/feature.js";

feature((page) => {
  const { around, channels } = page;
  const sidebar = new Sidebar({ channels, presence: around.presence });
  page.addEventListener("shown", ({ detail: channel }) => sidebar.open(channel?.id ?? null));
  channels.addEventListener("changed", () => paintTitles(channels));
});
