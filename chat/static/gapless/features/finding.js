/** Finding messages, and getting to a channel or a person by a few letters. */
import { pathOf } from "../channels/channels.js";
import { Search } from "../channels/search.js";
import { Switcher } from "../channels/switcher.js";
import { feature } from "../page/feature.js";

feature((page) => {
  const { channels, me, router } = page;
  const search = new Search({ channels, toMessage: (/** @type {any} */ id, /** @type {number} */ seq) => page.toMessage(id, seq) });
  const switcher = new Switcher({
    channels, me, toChannel: (/** @type {any} */ channel) => router.to(pathOf(channel)), toPerson: (/** @type {Person} */ person) => page.writeTo(person),
  });
  page.openers.search = page.keys["/"] = () => search.open();
  page.openers.switcher = page.shortcuts.k = () => switcher.open();
});
