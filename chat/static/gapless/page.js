/** Where the parts of the page meet: builds them from the state that came with it, and joins client to view. */
import { findReason, post } from "gapless/api";
import { Announcer } from "gapless/announcer";
import { Banner } from "gapless/banner";
import { Browse, Create } from "gapless/browse";
import { Channels, pathOf, titleOf } from "gapless/channels";
import { Client } from "gapless/client";
import { Composer } from "gapless/composer";
import * as dialogs from "gapless/dialogs";
import { byId, isNarrow, paintAvatar } from "gapless/dom";
import { plural } from "gapless/format";
import { showHeader } from "gapless/header";
import * as keys from "gapless/keys";
import { Members } from "gapless/members";
import { Menu } from "gapless/menu";
import { Pane } from "gapless/pane";
import { People } from "gapless/people";
import { Reading } from "gapless/reading";
import { Receipts, statusOf } from "gapless/receipts";
import { Router } from "gapless/router";
import { Scroll } from "gapless/scroll";
import { Sidebar } from "gapless/sidebar";
import { Switcher } from "gapless/switcher";
import { Timeline } from "gapless/timeline";
import { showUnread } from "gapless/title";

const DRAFT_TICK_MS = 1_000;
const state = JSON.parse(byId("gapless-state").textContent);
const { me } = state;
const here = () => pane.channel;
const isHere = (id) => pane.channel?.id === id;

// The page's parts
const channels = new Channels(state.channels, me);
const client = new Client({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/`,
  user: me.id,
  heads: Object.fromEntries(state.channels.map(({ id, head }) => [id, head])),
  probe: findReason,
});
const banner = new Banner({ tryNow: () => client.tryNow() });
const sidebar = new Sidebar(channels);
const announcer = new Announcer();
const timeline = new Timeline({ list: byId("rows"), me, statusOf: (message) => statusOf(message, channels.get(message.channel) ?? {}) });
const scroll = new Scroll({ box: byId("timeline"), list: byId("rows"), moved: () => (reading.check(), pane.lookAhead()) });
const reading = new Reading({ channels, timeline, scroll, seen: (channel, seq) => client.read(channel, seq) });
const pane = new Pane({ client, timeline, scroll, reading });
const composer = new Composer({ user: me.id, post: send, edit: (message, body) => change(client.edit(here().id, message.id, body)), lastOwn });
const receipts = new Receipts();
const people = new People();
const members = new Members({ people, me, left: (channel) => end(channel.id, "left") });
const browse = new Browse({ joined: enter });
const create = new Create({ made: enter });
const switcher = new Switcher({ channels, me, toChannel: (channel) => router.to(pathOf(channel)), toPerson: writeTo });
const router = new Router(go);
new Menu({ timeline, me, channel: here, acts: actions() });

// From the client to the view
client.addEventListener("state", ({ detail }) => banner.take(detail));
client.addEventListener("ended", ({ detail }) => banner.end(detail.code));
client.addEventListener("hello", ({ detail }) => {
  for (const id of channels.replace(detail.channels)) if (isHere(id)) end(id, "removed");
  if (here() && !here().closed) showHeader(here());
});
client.addEventListener("changes", ({ detail: frame }) => {
  channels.take(frame);
  if (!isHere(frame.channel)) return;
  pane.apply(frame.changes);
  announcer.take(frame.changes.filter((change) => change.seq > frame.after && channels.counts(change)));
  if (!frame.changes.some((change) => change.kind === "system")) return;
  showHeader(here());
  members.refresh(frame.channel);
});
client.addEventListener("resync", ({ detail }) => isHere(detail.channel) && pane.reload());
client.addEventListener("receipts", ({ detail }) => {
  channels.takeReceipts(detail);
  receipts.take(detail);
  if (isHere(detail.channel)) timeline.refreshTicks();
});
client.addEventListener("channel", ({ detail: { action, channel } }) => {
  if (action === "left" || action === "removed") return end(channel.id, action);
  const known = channels.put(channel);
  if (here() === known) showHeader(known);
  else if (isHere(channel.id)) show(known); // back in a channel whose end is still on screen
});
client.addEventListener("draft", ({ detail: { draft, message } }) => {
  if (isHere(draft.channel)) pane.takeDraft(draft, message);
  showUnsent();
});
pane.addEventListener("gone", () => end(here().id, "removed"));
channels.addEventListener("changed", showTitle);
setInterval(() => pane.refreshWaiting(), DRAFT_TICK_MS);

// Going places
function go(id, given = null) {
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

function show(channel, given) {
  showHeader(channel);
  composer.open(channel.closed || channel.archived_at ? null : channel);
  pane.open(channel, given);
  sidebar.open(channel.id);
  showUnsent();
  showTitle();
}

function showNothing() {
  pane.close();
  composer.open(null);
  sidebar.open(null);
  byId("pane").toggleAttribute("data-empty", true);
  showTitle();
  return true;
}

function enter(channel) {
  router.to(pathOf(channels.put(channel)));
}

async function writeTo(person) {
  try {
    enter(await post("channels/", { kind: "direct", members: [person.id] }));
  } catch (problem) {
    dialogs.say(problem.detail);
  }
}

function end(id, why) {
  const channel = channels.get(id) ?? here();
  channels.drop(id);
  if (!isHere(id)) return;
  channel.closed = why;
  showHeader(channel);
  composer.open(null);
}

// What people do
function send(body, replyTo) {
  client.post(here().id, body, replyTo);
  pane.follow();
}

async function change(promise) {
  const message = await promise;
  if (isHere(message.channel)) pane.apply([message]);
}

function lastOwn() {
  return timeline.messages.findLast((message) => message.kind === "text" && message.sender?.id === me.id && !message.deleted_at);
}

function actions() {
  return {
    reply: (message) => composer.reply(message),
    edit: (message) => composer.edit(message),
    copy,
    unread: ({ seq }) => reading.markFrom(seq),
    receipts: (message) => receipts.open(message),
    delete: askDelete,
  };
}

async function copy({ body }) {
  const isCopied = await navigator.clipboard?.writeText(body).then(() => true, () => false);
  dialogs.say(isCopied ? "Copied." : "The browser did not allow copying. Select the text and copy it.");
}

async function askDelete(message) {
  const title = message.sender.id === me.id ? "Delete this message?" : `Delete this message of ${message.sender.display_name}?`;
  const isSure = await dialogs.confirm({ title, text: "It disappears for everybody. A line says that it was deleted.", action: "Delete" });
  if (isSure) await change(client.delete(message.channel, message.id)).catch((refusal) => dialogs.say(`Not deleted. ${refusal.detail}`));
}

function escape() {
  return composer.cancel() || reading.undivide();
}

function showUnsent() {
  const failed = here() ? client.drafts(here().id).filter((draft) => draft.state === "failed") : [];
  byId("unsent").hidden = failed.length < 2;
  byId("unsent").querySelector("span").textContent = failed.length < 2 ? "" : `${plural(failed.length, "message")} could not be sent.`;
}

function showTitle() {
  showUnread({ name: here() && titleOf(here()), unread: channels.unread });
}

byId("unsent").querySelector("button").addEventListener("click", () => {
  for (const draft of client.drafts(here().id)) if (draft.state === "failed") client.retry(draft);
});
byId("rows").addEventListener("click", ({ target }) => {
  const shown = timeline.at(target);
  if (target.closest(".retry")) client.retry(shown);
  else if (target.closest(".discard")) client.discard(shown);
  else if (target.closest(".ticks")) receipts.open(shown);
  else if (target.closest(".quote")) pane.toMessage(shown.reply_to).catch((problem) => dialogs.say(problem.detail));
});
byId("members-button").addEventListener("click", () => members.open(here()));
byId("start-add").addEventListener("click", () => members.add(here()));
const help = () => dialogs.open(byId("keys"));
const choosePerson = () => people.ask({ title: "New direct message", without: [me.id], choose: writeTo });
dialogs.listen({ browse: () => browse.open(), create: () => create.open(), direct: choosePerson, switcher: () => switcher.open(), keys: help });
keys.listen({ switcher: () => switcher.open(), help, escape });

// The beginning
paintAvatar(document.querySelector(".me .avatar"), me);
if (state.channel) go(state.channel, { messages: state.messages, isLast: state.history_before == null });
else if (!isNarrow() && channels.all().length) router.to(pathOf(channels.all()[0]), { replace: true });
else showNothing();
client.start();
