/** Threads: the line under their roots, one of them beside the channel, and the list of those that the person follows. */
import { may, pathOf } from "../channels/channels.js";
import { get } from "../page/api.js";
import { byId } from "../page/dom.js";
import { feature } from "../page/feature.js";
import { placeOf } from "../page/router.js";
import { latest, learn } from "../people/names.js";
import * as address from "../threads/address.js";
import { Followed } from "../threads/followed.js";
import { refreshTimes, showLine } from "../threads/line.js";
import { ThreadList } from "../threads/list.js";
import { ThreadPanel } from "../threads/panel.js";
import { Scroll } from "../timeline/scroll.js";
import { Timeline } from "../timeline/timeline.js";
import { Composer } from "../writing/composer.js";

const TICK_MS = 30_000;

feature((page) => {
  const { client, me, reading, state } = page;
  learn([...state.repliers, ...state.messages.map((/** @type {Message} */ { sender }) => sender)]);
  const list = byId("thread-rows");
  const followed = new Followed({ me, unread: state.threads_unread, load: (/** @type {any} */ query) => get("threads/", query) });
  const timeline = timelineIn(page, list, followed);
  const scroll = new Scroll({ box: list.parentElement, list, moved: () => panel.check() });
  const panel = new ThreadPanel({ client, me, timeline, scroll, isLooking: () => reading.isLooking, told: (/** @type {any} */ now) => followed.hear(now) });
  const composer = composerOf(page, panel, timeline);
  const { around } = page;
  page.lists.push({ list, timeline });
  page.writers.set(timeline, composer);
  page.readers.set(timeline, (/** @type {number} */ seq) => panel.markFrom(seq));
  page.follows = (/** @type {number} */ root) => followed.has(root) && !(panel.root?.id === root && reading.isLooking);

  const open = (/** @type {any} */ root, /** @type {number | null} */ seq = null) => {
    panel.open(root, seq);
    composer.open({ id: `${root.channel}.${root.id}` });
    around.showThread(root.id);
    address.enter(root.id, { covers: !panel.isBeside });
  };
  const close = () => {
    const { root } = panel;
    if (!panel.close()) return false;
    address.leave(root.id);
    return true;
  };
  page.openThread = open;
  page.threadHere = () => panel.root?.id ?? null;
  page.uncover = () => panel.isBeside || close();
  page.showThreadDrafts = () => panel.showDrafts();
  const openOf = (/** @type {Message} */ { id, channel, thread }) => open({ id: thread ?? id, channel });
  followMessages(page, panel, followed);
  new ThreadList({ followed, channels: page.channels, open: (/** @type {any} */ root) => (page.enter(page.channels.get(root.channel)), open(root)) });
  page.acts.thread = { act: openOf, isOffered: ({ channel, message, timeline: place }) => place !== timeline && hasThreads(channel) && (may(channel, "post") || Boolean(message.replies?.count)), key: "t" };
  page.onRow(".thread-line", openOf);
  page.cancels.push(() => composer.cancel(), close);
  byId("thread").querySelector(".thread-close").addEventListener("click", close);
  panel.addEventListener("closed", ({ detail: root }) => {
    around.showThread(null);
    (page.timeline.row(root.id) ?? byId("pane")).focus({ preventScroll: true });
  });
  for (const name of ["going", "ended"])
    page.addEventListener(name, () => {
      const { root } = panel;
      if (panel.close()) address.forget(root.id);
    });
  page.addEventListener("shown", () => openFirst(page, open), { once: true });
  addEventListener("popstate", () => follow(page, panel, open));
  setInterval(() => refreshTimes(byId("rows")), TICK_MS);
});

function timelineIn(/** @type {Page} */ page, /** @type {any} */ list, /** @type {Followed} */ followed) {
  const { timeline: beside, me, blocks } = page;
  const timeline = new Timeline({
    list, me,
    // That everybody's cursors are past it says that it arrived: whether they have opened the thread they do not say.
    statusOf: (/** @type {Message} */ { status }) => (status === "read" ? "delivered" : status),
    isBlocked: (/** @type {any} */ user) => blocks.has(user),
  });
  timeline.parts = beside.parts;
  const personOf = (/** @type {number} */ id) => latest(/** @type {any} */ ({ id }));
  beside.parts.push((row, message) => {
    showLine(row, message, { isInThread: timeline.row(message.id) === row, isUnread: followed.isUnread(message.id), personOf });
    if (message.repliers?.some((/** @type {number} */ id) => !personOf(id).username)) page.directory.learn(message.channel, message.repliers);
  });
  return timeline;
}

function composerOf(/** @type {Page} */ page, /** @type {ThreadPanel} */ panel, /** @type {Timeline} */ timeline) {
  const form = byId("thread-composer");
  const { client, me } = page;
  return new Composer({
    form,
    user: me.id,
    post: (/** @type {string} */ body, /** @type {number | null} */ replyTo, /** @type {any[]} */ files) => {
      client.post(panel.root.channel, body, replyTo, { thread: panel.root.id, isAlso: form.also.checked, files });
      form.also.checked = false;
      page.around.sent();
      panel.follow();
    },
    edit: (/** @type {Message} */ message, /** @type {string} */ body) => page.change({ op: "message.edit", channel: message.channel, message: message.id, body }),
    lastOwn: () => timeline.messages.findLast((message) => message.thread && message.sender?.id === me.id && !message.deleted_at),
    typed: (/** @type {string} */ text) => page.around.typed(text, panel.root.id),
  });
}

function followMessages(/** @type {Page} */ page, /** @type {ThreadPanel} */ panel, /** @type {Followed} */ followed) {
  const { client } = page;
  page.addEventListener("applied", ({ detail: { messages } }) => panel.take(messages));
  client.addEventListener("changes", ({ detail: { changes } }) => followed.take(changes));
  client.addEventListener("draft", ({ detail: { draft, message } }) => {
    if (message) panel.take([message]);
    if (draft.thread != null) panel.showDrafts();
  });
  client.addEventListener("thread", ({ detail }) => (panel.hear(detail), followed.hear(detail)));
  client.addEventListener("resync", ({ detail: { channel } }) => (panel.root?.channel === channel && panel.reload(), followed.refresh()));
  client.addEventListener("hello", () => followed.refresh());
  // What was left behind, and what blocked people wrote, is unread no more.
  client.addEventListener("channel", ({ detail: { action } }) => action !== "updated" && followed.refresh());
  page.blocks.addEventListener("changed", () => followed.refresh());
  followed.addEventListener("changed", () => {
    for (const { id, replies } of page.timeline.shown) if (replies) page.redraw(id);
  });
}

// What the page was opened with: a thread, or a message that stands only in one.
function openFirst(/** @type {Page} */ page, /** @type {Callback} */ open) {
  const { here, state: { thread } } = page;
  const [root, reply] = [address.rootIn(location.href), placeOf(location.href)];
  if (!here) return;
  if (root) return open({ id: root, channel: here.id });
  if (!thread || !reply) return;
  history.replaceState(null, "", pathOf(here));
  open({ id: thread, channel: here.id }, reply.seq);
}

// The browser has gone back or on, and the page with it to the channel.
function follow(/** @type {Page} */ page, /** @type {ThreadPanel} */ panel, /** @type {Callback} */ open) {
  const root = address.rootIn(location.href);
  if (!root) panel.close();
  else if (page.here && panel.root?.id !== root) open({ id: root, channel: page.here.id });
}

const hasThreads = (/** @type {Channel} */ channel) => !channel.is_support && channel.kind !== /** @type {any} */ ("inner");
