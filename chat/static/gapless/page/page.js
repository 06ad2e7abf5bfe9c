/** Where the parts of the page meet: builds them from the state that came with it, and joins client to view. */
import { findReason, get, post } from "./api.js";
import { About } from "../channels/about.js";
import { askDelete, copy } from "../timeline/acts.js";
import { Announcer } from "../timeline/announcer.js";
import { Around } from "../people/around.js";
import { Banner } from "./banner.js";
import { Blocks } from "../people/blocks.js";
import { Browse, Create } from "../channels/browse.js";
import { Channels, may, partnerIn, pathOf, titleOf } from "../channels/channels.js";
import { heardServerTime } from "../client/clock.js";
import { Client } from "../client/client.js";
import { Composer } from "../writing/composer.js";
import { Desk, report, takeAway } from "../desk/desk.js";
import * as dialogs from "./dialogs.js";
import { Directory } from "../people/directory.js";
import { byId, isNarrow, paintAvatar } from "./dom.js";
import { paintTitles, showHeader } from "../channels/header.js";
import * as keys from "./keys.js";
import { loadMembers, Members } from "../people/members.js";
import { Membership } from "../people/membership.js";
import { Menu } from "../timeline/menu.js";
import { learn, renames } from "../people/names.js";
import { Notices } from "./notices.js";
import { Pace } from "../writing/pace.js";
import { Pane } from "../timeline/pane.js";
import { People } from "../people/people.js";
import { Reading } from "../timeline/reading.js";
import { Receipts, statusOf } from "../timeline/receipts.js";
import { Recount } from "../channels/recount.js";
import { Router } from "./router.js";
import { Scroll } from "../timeline/scroll.js";
import { Search } from "../channels/search.js";
import { Sidebar } from "../channels/sidebar.js";
import * as signedOut from "./signedout.js";
import { Switcher } from "../channels/switcher.js";
import { Timeline } from "../timeline/timeline.js";
import { showUnread } from "./title.js";
import { Unsent } from "../writing/unsent.js";

const SIGNED_OUT = 4500;
const DRAFT_TICK_MS = 1_000;
const state = JSON.parse(byId("gapless-state").textContent);
heardServerTime(state.time);
const me = { ...state.me, moderates: Boolean(state.desk?.moderates_everywhere) };
const here = () => pane.channel;
const isHere = (/** @type {any} */ id) => pane.channel?.id === id;

// The page's parts
const blocks = new Blocks(state.blocks);
const channels = new Channels(state.channels, me, (/** @type {any} */ user) => blocks.has(user));
const client = new Client({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/`,
  user: me.id,
  heads: Object.fromEntries(state.channels.map((/** @type {Channel} */ { id, head }) => [id, head])),
  epoch: state.epoch,
  probe: findReason,
});
const banner = new Banner({ tryNow: () => client.tryNow() });
const directory = new Directory({ load: loadMembers });
const around = new Around({ client, channels, directory, me, blocks });
const sidebar = new Sidebar({ channels, presence: around.presence });
const announcer = new Announcer();
const timeline = new Timeline({ list: byId("rows"), me, statusOf: (/** @type {Message} */ message) => statusOf(message, channels.get(message.channel) ?? {}), isBlocked: (/** @type {any} */ user) => blocks.has(user) });
const scroll = new Scroll({ box: byId("timeline"), list: byId("rows"), moved: () => (reading.check(), pane.lookAhead()) });
const reading = new Reading({ channels, timeline, scroll, seen: (/** @type {any} */ channel, /** @type {number} */ seq) => client.read(channel, seq) });
const pane = new Pane({ client, timeline, scroll, reading });
const composer = new Composer({ user: me.id, post: send, edit: (/** @type {Message} */ message, /** @type {string} */ body) => change(client.edit(here().id, message.id, body)), lastOwn, typed: (/** @type {string} */ text) => around.typed(text) });
const pace = new Pace({ drafts: (/** @type {any} */ channel) => client.drafts(channel), hold: (/** @type {boolean} */ isHeld) => composer.hold(isHeld) });
const receipts = new Receipts();
const unsent = new Unsent({ drafts: () => (here() ? client.drafts(here().id) : []), retry: (/** @type {Draft} */ draft) => client.retry(draft) });
const recount = new Recount({ load: (/** @type {any} */ id) => get(`channels/${id}/`), counted: (/** @type {any} */ channel) => channels.put(channel) });
const people = new People();
const membership = new Membership({ people, writeTo, mayBan: Boolean(state.desk?.may_ban), blocks, changed: (/** @type {{ id: any }} */ { id }) => members.refresh(id) });
const members = new Members({ presence: around.presence, directory, me, acts: membership });
const browse = new Browse({ joined: enter });
const create = new Create({ made: enter });
const desk = new Desk({ desk: state.desk, mayGoTo: (/** @type {any} */ id) => Boolean(channels.get(id)), toMessage });
const search = new Search({ channels, toMessage });
const switcher = new Switcher({ channels, me, toChannel: (/** @type {any} */ channel) => router.to(pathOf(channel)), toPerson: writeTo });
const router = new Router(go);
new About({ channel: here, people, blocks, changed: (/** @type {any} */ channel) => channels.put(channel), left: (/** @type {any} */ channel) => end(channel.id, "left") });
const notices = new Notices({ me, levelOf, isSeen: (/** @type {any} */ id) => isHere(id) && reading.isLooking, isQuiet: () => around.isBusy, opened: (/** @type {any} */ id) => enter(channels.get(id)) });
new Menu({ timeline, me, channel: here, acts: actions() });

// From the client to the view
client.addEventListener("state", ({ detail }) => banner.take(detail));
client.addEventListener("ended", ({ detail: { code } }) => {
  banner.end(code);
  if (code === SIGNED_OUT) forgetAll();
});
client.addEventListener("hello", ({ detail }) => {
  blocks.take(detail.blocks);
  learn([detail.user, ...detail.channels.flatMap((/** @type {Channel} */ { people = [] }) => people)]);
  for (const id of channels.replace(detail.channels)) if (isHere(id)) end(id, "removed");
  around.welcome(detail);
  members.refresh(here()?.id);
  if (here() && !here().closed) showHeader(here(), blocks);
});
client.addEventListener("changes", ({ detail: frame }) => {
  learn(frame.changes.map((/** @type {Message} */ { sender }) => sender));
  channels.take(frame);
  const fresh = frame.changes.filter((/** @type {any} */ change) => change.seq > frame.after && channels.counts(change));
  notices.take(frame.channel, fresh);
  if (!isHere(frame.channel)) return;
  pane.apply(frame.changes);
  around.take(frame.changes);
  announcer.take(fresh);
  if (!frame.changes.some((/** @type {any} */ change) => change.kind === "system")) return;
  showHeader(here(), blocks);
  members.refresh(frame.channel);
});
client.addEventListener("refused", ({ detail: { channel, code, detail } }) => {
  if (channel == null) return dialogs.say(detail);
  channels.refuse(channel, code);
  if (isHere(channel) && !here().closed) showHeader(here(), blocks);
});
client.addEventListener("resync", ({ detail: { channel, head } }) => {
  channels.skip(channel, head);
  if (isHere(channel)) pane.reload();
});
client.addEventListener("receipts", ({ detail }) => {
  channels.takeReceipts(detail);
  receipts.take(detail);
  if (isHere(detail.channel)) timeline.refreshTicks();
});
client.addEventListener("channel", ({ detail: { action, channel } }) => {
  if (action === "left" || action === "removed") return end(channel.id, action);
  const known = channels.put({ refused: null, ...channel });
  if (here() === known) showHeader(known, blocks);
  else if (isHere(channel.id)) show(known); // back in a channel whose end is still on screen
  pace.refresh(here());
  if (may(known, "close_reports")) desk.offer();
});
client.addEventListener("blocks", ({ detail }) => blocks.take(detail.users));
client.addEventListener("draft", ({ detail: { draft, message } }) => {
  if (isHere(draft.channel)) pane.takeDraft(draft, message);
  pace.refresh(here());
  unsent.show();
});
blocks.addEventListener("changed", () => {
  timeline.refold();
  for (const { id } of channels.behind()) recount.ask(id);
  if (here()) showHeader(here(), blocks);
  if (partnerIn(here())) composer.open(mayWrite(here()) ? here() : null);
});
client.addEventListener("person", ({ detail: { person } }) => learn([person]));
renames.addEventListener("changed", () => {
  channels.renamed();
  if (here()) showHeader(here(), blocks);
});
pane.addEventListener("gone", () => end(here().id, "removed"));
channels.addEventListener("changed", () => (showTitle(), paintTitles(channels)));
channels.addEventListener("unsure", ({ detail }) => recount.ask(detail.id));
setInterval(tick, DRAFT_TICK_MS);

// Going places
function go(/** @type {any} */ id, /** @type {any} */ given = null) {
  const channel = id && channels.get(id);
  if (id && !channel) return false;
  document.body.dataset.screen = channel ? "channel" : "list";
  if (channel && here() === channel) return true;
  if (!channel && !isNarrow()) return here() != null || showNothing();
  announcer.hush();
  if (channel) show(channel, given);
  else showNothing();
  return true;
}

function show(/** @type {any} */ channel, /** @type {any} */ given = null) {
  showHeader(channel, blocks);
  composer.open(mayWrite(channel) ? channel : null);
  around.show(channel);
  members.show(channel);
  pane.open(channel, given);
  sidebar.open(channel.id);
  pace.refresh(channel);
  unsent.show();
  showTitle();
}

function mayWrite(/** @type {any} */ channel) {
  return !channel.closed && !channel.archived_at && !blocks.has(partnerIn(channel)?.id);
}

function showNothing() {
  pane.close();
  composer.open(null);
  around.show(null);
  members.show(null);
  sidebar.open(null);
  byId("pane").toggleAttribute("data-empty", true);
  showTitle();
  return true;
}

function forgetAll() {
  showNothing();
  channels.replace([]);
  signedOut.show();
}

function enter(/** @type {any} */ channel) {
  router.to(pathOf(channels.put(channel)));
}

async function toMessage(/** @type {any} */ id, /** @type {number} */ seq) {
  enter(channels.get(id));
  const row = await pane.toSeq(seq).catch((problem) => dialogs.say(problem.detail));
  row?.focus({ preventScroll: true });
}

async function writeTo(/** @type {Person} */ person) {
  try {
    enter(await post("channels/", { kind: "direct", members: [person.id] }));
  } catch (problem) {
    dialogs.say(problem.detail);
  }
}

function end(/** @type {any} */ id, /** @type {any} */ why) {
  const channel = channels.get(id) ?? here();
  channels.drop(id);
  if (!isHere(id)) return;
  // Whoever has left is told of the end by the socket too, before or after.
  if (channel.closed !== "left") channel.closed = why;
  showHeader(channel, blocks);
  composer.open(null);
  members.show(null);
}

// What people do
function send(/** @type {string} */ body, /** @type {number | null} */ replyTo) {
  client.post(here().id, body, replyTo);
  around.sent();
  pane.follow();
}

async function change(/** @type {any} */ promise) {
  const message = await promise;
  if (isHere(message.channel)) pane.apply([message]);
}

function lastOwn() {
  return timeline.messages.findLast((message) => message.kind === "text" && message.sender?.id === me.id && !message.deleted_at);
}

function actions() {
  return {
    reply: (/** @type {Message} */ message) => composer.reply(message),
    edit: (/** @type {Message} */ message) => composer.edit(message),
    copy,
    unread: (/** @type {{ seq: number }} */ { seq }) => reading.markFrom(seq),
    receipts: (/** @type {Message} */ message) => receipts.open(message),
    report: (/** @type {Message} */ message) => report(message, dialogs.say),
    delete: (/** @type {Message} */ message) => (message.sender.id === me.id ? askDelete(() => change(client.delete(message.channel, message.id))) : takeAway(message)),
  };
}

function levelOf(/** @type {any} */ id) {
  const channel = channels.get(id);
  return { level: channel.notify_level, title: titleOf(channel), isDirect: channel.kind === "direct" };
}

function cancel() {
  return composer.cancel() || reading.undivide();
}

function tick() {
  pane.refreshWaiting();
  pace.refresh(here());
}

function showTitle() {
  showUnread({ name: here() && titleOf(here()), unread: channels.unread });
}

byId("rows").addEventListener("click", (/** @type {{ target: any }} */ { target }) => {
  const shown = timeline.at(target);
  if (target.closest(".retry, .discard")) composer.focus(); // the buttons go, and would take the focus along
  if (target.closest(".retry")) client.retry(shown);
  else if (target.closest(".unfold")) timeline.unfold(shown);
  else if (target.closest(".discard")) client.discard(shown);
  else if (target.closest(".ticks")) receipts.open(shown);
  else if (target.closest(".quote")) pane.toMessage(shown.reply_to).catch((problem) => dialogs.say(problem.detail));
});
byId("refused-note").querySelector("button").addEventListener("click", () => pane.reload());
byId("start-add").addEventListener("click", () => membership.add(here()));
const help = () => dialogs.open(byId("keys"));
const choosePerson = () => people.ask({ title: "New direct message", without: [me.id], choose: writeTo });
dialogs.listen({ browse: () => browse.open(), blocked: () => blocks.open(), create: () => create.open(), direct: choosePerson, switcher: () => switcher.open(), keys: help, desk: () => desk.open(), search: () => search.open() });
signedOut.listen({ ended: () => client.checkLogin() });
keys.listen({ switcher: () => switcher.open(), search: () => search.open(), help, cancel });

// The beginning
paintAvatar(document.querySelector(".me .avatar"), me);
if (state.channel) go(state.channel, { messages: state.messages, isLast: state.history_before == null });
else if (!isNarrow() && channels.all().length) router.to(pathOf(channels.all()[0]), { replace: true });
else showNothing();
client.start();
