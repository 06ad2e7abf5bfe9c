/** What stands around the messages of the open channel. */
import { showHeader } from "../channels/header.js";
import { byId } from "../page/dom.js";
import { feature } from "../page/feature.js";

feature((page) => {
  const show = (/** @type {{ detail: Channel | null }} */ { detail: channel }) => channel && showHeader(channel, page.blocks);
  for (const name of ["going", "told", "ended"]) page.addEventListener(name, show);
  byId("refused-note").querySelector("button").addEventListener("click", () => page.pane.reload());
});
