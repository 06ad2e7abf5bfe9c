/** The list of channels, its order, and the names of channels wherever they stand beside others. */
import { pathOf } from "../channels/channels.js";
import { paintTitles } from "../channels/header.js";
import { Sidebar } from "../channels/sidebar.js";
import { patch } from "../page/api.js";
import { say } from "../page/dialogs.js";
import { byId } from "../page/dom.js";
import { feature } from "../page/feature.js";

feature((page) => {
  const { around, channels, me, router, state } = page;
  const sidebar = new Sidebar({ channels, presence: around.presence, me, isUnreadFirst: state.unread_first });
  page.addEventListener("shown", ({ detail: channel }) => sidebar.open(channel?.id ?? null));
  channels.addEventListener("changed", () => paintTitles(channels));
  const goUnread = (/** @type {number} */ step) => {
    const channel = sidebar.nextUnread(step);
    if (channel) router.to(pathOf(channel));
  };
  page.withAlt.ArrowDown = () => goUnread(1);
  page.withAlt.ArrowUp = () => goUnread(-1);
  byId("filter").addEventListener("input", (/** @type {any} */ { target }) => {
    byId("filter-empty").hidden = sidebar.filter(target.value) > 0;
  });
  byId("filter-search").addEventListener("click", () => page.openers.search());
  byId("unread-first").addEventListener("change", async (/** @type {any} */ { target }) => {
    sidebar.orderUnreadFirst(target.checked);
    await patch("users/me/", { unread_first: target.checked }).catch((problem) => {
      target.checked = !target.checked;
      sidebar.orderUnreadFirst(target.checked);
      say(`Not changed. ${problem.detail}`);
    });
  });
});
