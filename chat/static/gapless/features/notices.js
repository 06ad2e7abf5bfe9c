/** Notifications of the system, of what comes in any channel. */
import { titleOf } from "../channels/channels.js";
import { serverNow } from "../client/clock.js";
import { feature } from "../page/feature.js";
import { Notices } from "../page/notices.js";
import { isInChannel } from "../timeline/order.js";

const JUST_NOW_MS = 60_000;

feature((page) => {
  const { around, channels, client, me, reading } = page;
  const notices = new Notices({
    levelOf: (/** @type {any} */ id) => {
      const channel = channels.get(id);
      return { level: channel.notify_level, title: titleOf(channel), isDirect: channel.kind === "direct" };
    },
    isCalled: (/** @type {any} */ message) => channels.calls(message),
    isSeen: (/** @type {any} */ id) => page.isHere(id) && reading.isLooking,
    isQuiet: () => around.isBusy,
    // What stands only in a thread is not found by opening its channel.
    opened: (/** @type {Message} */ message) => (isInChannel(message) ? page.enter(channels.get(message.channel)) : page.toMessage(message.channel, message.seq)),
  });
  channels.addEventListener("called", ({ detail: { channel, message } }) => {
    // A later change of a message that was edited long ago calls nobody.
    if (serverNow() - Date.parse(message.edited_at) < JUST_NOW_MS) notices.take(channel, [message]);
  });
  client.addEventListener("receipts", ({ detail: { channel, members } }) => notices.read(channel, members?.[me.id]?.[1] ?? 0));
  client.addEventListener("thread", ({ detail: { channel, thread, read_seq: seq } }) => notices.read(channel, seq, thread));
  client.addEventListener("hello", ({ detail }) => {
    for (const { id, read_seq: seq } of detail.channels) notices.read(id, seq);
  });
  client.addEventListener("changes", ({ detail: { channel, changes } }) => notices.follow(channel, changes));
  page.addEventListener("fresh", ({ detail: { channel, messages } }) => notices.take(channel, messages));
  page.addEventListener("replied", ({ detail: { channel, messages } }) => notices.takeReplies(channel, messages.filter((/** @type {Message} */ { thread }) => page.follows(thread))));
});
