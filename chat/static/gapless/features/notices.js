/** Notifications of the system, of what comes in any channel. */
import { titleOf } from "../channels/channels.js";
import { feature } from "../page/feature.js";
import { Notices } from "../page/notices.js";

feature((page) => {
  const { around, channels, me, reading } = page;
  const notices = new Notices({
    me,
    levelOf: (/** @type {any} */ id) => {
      const channel = channels.get(id);
      return { level: channel.notify_level, title: titleOf(channel), isDirect: channel.kind === "direct" };
    },
    isSeen: (/** @type {any} */ id) => page.isHere(id) && reading.isLooking,
    isQuiet: () => around.isBusy,
    opened: (/** @type {any} */ id) => page.enter(channels.get(id)),
  });
  page.addEventListener("fresh", ({ detail: { channel, messages } }) => notices.take(channel, messages));
});
