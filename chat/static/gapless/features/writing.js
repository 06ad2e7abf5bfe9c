/** Writing: the box, what holds it back, and what has not been sent yet. */
import { may, partnerIn } from "../channels/channels.js";
import { say } from "../page/dialogs.js";
import { feature } from "../page/feature.js";
import { Composer } from "../writing/composer.js";
import { Pace } from "../writing/pace.js";
import { Unsent } from "../writing/unsent.js";

const DRAFT_TICK_MS = 1_000;

feature((page) => {
  const { client, pane } = page;
  const composer = composerOf(page);
  const hold = (/** @type {boolean} */ isHeld) => {
    for (const writer of page.writers.values()) writer.hold(isHeld);
  };
  const pace = new Pace({ drafts: (/** @type {any} */ channel) => client.drafts(channel), hold });
  const unsent = new Unsent({ drafts: () => (page.here ? client.drafts(page.here.id) : []), retry: (/** @type {Draft} */ draft) => client.retry(draft) });
  const open = (/** @type {any} */ channel) => composer.open(channel && mayWrite(channel, page.blocks) ? channel : null);
  const refresh = () => pace.refresh(page.here);
  page.addEventListener("going", ({ detail: channel }) => open(channel));
  page.addEventListener("shown", () => (refresh(), unsent.show()));
  page.addEventListener("ended", () => composer.open(null));
  page.addEventListener("applied", ({ detail: { messages } }) => {
    for (const writer of page.writers.values()) writer.hear(messages);
  });
  page.blocks.addEventListener("changed", () => partnerIn(page.here) && open(page.here));
  client.addEventListener("channel", refresh);
  client.addEventListener("draft", () => (refresh(), unsent.show()));
  addEventListener("beforeunload", (event) => client.isUnkept && event.preventDefault());
  setInterval(() => (pane.refreshWaiting(), refresh()), DRAFT_TICK_MS);
  page.cancels.push(() => composer.cancel());
  page.writers.set(page.timeline, composer);
  page.acts.reply = { act: (message, timeline) => page.writers.get(timeline).reply(message), isOffered: ({ channel }) => may(channel, "post"), key: "r" };
  page.acts.edit = { act: (message, timeline) => page.writers.get(timeline).edit(message), isOffered: ({ channel, isOwn }) => isOwn && may(channel, "edit_own"), key: "e" };
  page.onRow(".retry, .discard", (_, timeline) => page.writers.get(timeline).focus()); // the buttons go, and would take the focus along
  page.onRow(".retry", (/** @type {Draft} */ draft) => client.retry(draft));
  page.onRow(".discard", (/** @type {Draft} */ draft) => client.discard(draft));
});

function composerOf(/** @type {Page} */ page) {
  const { client, around, me, pane, timeline } = page;
  return new Composer({
    user: me.id,
    post: (/** @type {string} */ body, /** @type {number | null} */ replyTo, /** @type {any[]} */ files) => {
      client.post(page.here.id, body, replyTo, { files });
      if (client.isUnkept && client.state.state !== "online") say("This browser has no room to keep unsent messages: leave the page open until they are sent.");
      around.sent();
      pane.follow();
    },
    edit: (/** @type {Message} */ message, /** @type {string} */ body) => page.change({ op: "message.edit", channel: page.here.id, message: message.id, body }),
    lastOwn: () => timeline.shown.findLast((message) => message.kind === "text" && message.sender?.id === me.id && !message.deleted_at),
    typed: (/** @type {string} */ text) => around.typed(text),
  });
}

const mayWrite = (/** @type {any} */ channel, /** @type {Blocks} */ blocks) => !channel.closed && !channel.archived_at && !blocks.has(partnerIn(channel)?.id);
