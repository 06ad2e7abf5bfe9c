/** What can be done with the messages on screen: the menu, and what belongs to no other feature. */
import { serverNow } from "../client/clock.js";
import { may } from "../channels/channels.js";
import { takeAway } from "../desk/desk.js";
import { copyWhole } from "../page/copied.js";
import * as dialogs from "../page/dialogs.js";
import { feature } from "../page/feature.js";
import { askDelete, copy } from "../timeline/acts.js";
import { Menu } from "../timeline/menu.js";

const TICK_MS = 30_000;

feature((page) => {
  const { acts, me, pane, reading, timeline } = page;
  new Menu({ lists: page.lists, me, channel: () => page.here, acts });
  acts.copy = { act: copy, isOffered: () => true };
  copyWhole(page.lists.map(({ list, timeline: place }) => ({ list, of: (/** @type {any} */ row) => saidIn(row, place.at(row)) })));
  page.readers.set(timeline, (/** @type {number} */ seq) => reading.markFrom(seq));
  acts.unread = {
    act: async ({ seq }, place) => {
      try {
        await page.readers.get(place)?.(seq);
      } catch ({ detail }) {
        dialogs.say(`Not marked. ${detail}`);
      }
    },
    isOffered: ({ isOwn, message, timeline: place }) => !isOwn && (place === timeline || message.thread != null),
    key: "u",
  };
  acts.delete = {
    act: (message) => (message.sender.id === me.id ? askDelete(() => page.change({ op: "message.delete", channel: message.channel, message: message.id })) : takeAway(message)),
    isOffered: ({ channel, isOwn }) => may(channel, isOwn ? "delete_own" : "delete_any"),
  };
  page.onRow(".unfold", (/** @type {Message} */ message, /** @type {any} */ place) => place.unfold(message));
  page.onRow(".quote", (/** @type {{ reply_to: number }} */ { reply_to: quoted }) => pane.toMessage(quoted).catch((/** @type {Refused} */ problem) => dialogs.say(problem.detail)));
  page.cancels.push(() => reading.undivide());
  whenDayEnds(() => {
    for (const { timeline: each } of page.lists) each.arrange();
  });
});

/** @returns {import("../page/copied.js").Said | null} */
function saidIn(/** @type {any} */ row, /** @type {any} */ message) {
  if (!message) return null;
  const body = row.querySelector(".body");
  const isAsWritten = !message.deleted_at && !row.classList.contains("is-folded");
  return {
    name: message.kind === "system" ? "" : row.querySelector(".sender").textContent,
    at: new Date(row.querySelector("time").dateTime),
    body,
    source: isAsWritten ? message.body : body.textContent,
    files: isAsWritten ? (message.files ?? []).map((/** @type {{ name: string }} */ { name }) => name) : [],
  };
}

// What was said today was said yesterday then.
function whenDayEnds(/** @type {() => void} */ act) {
  const today = () => new Date(serverNow()).toDateString();
  let day = today();
  setInterval(() => {
    if (day === today()) return;
    day = today();
    act();
  }, TICK_MS);
}
