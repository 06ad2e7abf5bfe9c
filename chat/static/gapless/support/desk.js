/** Where the desk begins: queue, conversation and customer, joined to the socket. */
import { Client } from "../client/client.js";
import { heardServerTime } from "../client/clock.js";
import { findReason } from "../page/api.js";
import { copyWhole } from "../page/copied.js";
import { byId } from "../page/dom.js";
import { learn, nameOf } from "../people/names.js";
import { About } from "./about.js";
import { Acts } from "./acts.js";
import { Alerts } from "./alerts.js";
import { Attaching } from "./attaching.js";
import { Canned, fill } from "./canned.js";
import { Composer } from "./composer.js";
import { Drafts } from "./drafts.js";
import { listen } from "./keyboard.js";
import { Others } from "./others.js";
import { Queue } from "./queue.js";
import { Rows } from "./rows.js";
import { Said } from "./said.js";
import { Sending } from "./sending.js";
import { Talk } from "./talk.js";

/** @type {{ me: Person, epoch: string, time: string, inboxes: any[], reads_all: boolean }} */
const state = JSON.parse(byId("gapless-state").textContent);
heardServerTime(state.time);
const { me, inboxes } = state;
const desks = new Set(inboxes.map(({ desk }) => desk));
const agents = new Map(inboxes.flatMap((inbox) => inbox.agents).map((agent) => [agent.id, agent]));
learn([me, ...agents.values()]);

const client = new Client({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/`,
  user: me.id,
  heads: Object.fromEntries(inboxes.map(({ desk, head }) => [desk, head])),
  epoch: state.epoch,
  probe: findReason,
});
/** @type {Set<number>} */
const joined = new Set();
const inboxOf = (/** @type {Ticket} */ row) => inboxes.find(({ id }) => id === row.inbox);

const drafts = new Drafts(me.id);
const queue = new Queue({ me: me.id, nameOf: (id) => agents.get(id) ?? { id, username: `#${id}`, display_name: "" } });
const rows = new Rows({ queue, drafts });
const said = new Said();
const acts = new Acts({ me, inboxOf });
const about = new About();
const alerts = new Alerts();
const sending = new Sending(drafts);
const attaching = new Attaching(me.id);
const composer = new Composer({ drafts, sending, attaching });
const others = new Others({ me, client, nameOf: (id) => nameOf(agents.get(id) ?? { id, username: "somebody", display_name: "" }) });
/** @type {Talk | null} */
let talk = null;

const show = (/** @type {string} */ part) => {
  byId("desk").dataset.shown = part;
};

async function open(/** @type {number} */ id) {
  if (talk?.id === id) return show("talk");
  talk?.close();
  rows.chosen = id;
  const row = await queue.find(id).catch(() => null);
  if (!row || rows.chosen !== id) return;
  talk = new Talk({
    row,
    isLive: (channel) => joined.has(channel) && client.state.state === "online",
    mayRead: () => state.reads_all || joined.has(id),
  });
  talk.addEventListener("changed", draw);
  learn([row.visitor]);
  byId("desk-nothing").hidden = true;
  byId("desk-open").hidden = false;
  location.replace(`#${id}`);
  show("talk");
  composer.open(talk);
  others.open(id);
  draw();
  rows.draw();
  await talk.load();
}

function draw() {
  if (!talk) return;
  const row = talk.row;
  byId("desk-name").textContent = nameOf(row.visitor);
  byId("desk-facts").textContent = [row.state, row.assignee ? `held by ${nameOf(row.assignee)}` : "unassigned", inboxOf(row)?.name].filter(Boolean).join(" · ");
  acts.draw(row);
  about.draw(row, inboxOf(row));
  said.draw(talk, drafts.of(talk.id).sending);
  composer.draw();
  read();
}

/** What is on screen has been read: the cursor says it, and the lease goes on. */
function read() {
  if (talk?.isLoaded && joined.has(talk.id) && !document.hidden && document.hasFocus()) client.read(talk.id, talk.seen);
}

const isShown = (/** @type {any} */ { id, parent }) => talk && (id === talk.id || parent === talk.id);

/** Of an erased conversation nothing is shown any more, and its customer is nobody. */
function forget(/** @type {any} */ channel) {
  if (!channel.floor || !isShown(channel)) return;
  talk?.forget(channel);
  queue.renew(channel.parent ?? channel.id);
}

function refuse(/** @type {any} */ { detail }) {
  byId("desk-problem").textContent = detail.detail;
  byId("desk-problem").hidden = false;
}

copyWhole([{ list: byId("desk-said"), of: (row) => talk && said.of(row, talk) }]);

rows.addEventListener("chosen", ({ detail }) => open(detail.id));
about.addEventListener("chosen", ({ detail }) => open(detail.id));
for (const doer of [acts, about]) {
  doer.addEventListener("done", ({ detail }) => queue.put(detail.row));
  doer.addEventListener("refused", refuse);
}
sending.addEventListener("sent", ({ detail: { conversation, answered, attached } }) => {
  attaching.forget(attached);
  if (answered.kind === "resolve") queue.put(answered);
  else if (talk?.id === conversation) talk?.put(answered);
  draw();
});
sending.addEventListener("moved", draw);
sending.addEventListener("refused", ({ detail: { conversation, attached } }) => {
  attaching.put(conversation, attached);
  draw();
});
composer.addEventListener("typing", ({ detail }) => talk && joined.has(talk.id) && client.typing(talk.id, detail.on));
queue.addEventListener("changed", () => {
  alerts.count(queue.counts.waiting);
  const row = talk && queue.get(talk.id);
  if (!talk || !row) return;
  talk.row = row;
  learn([row.visitor]);
  draw();
});
queue.addEventListener("news", ({ detail: { id, type, by, row } }) => {
  const isMine = row?.assignee?.id === me.id;
  const isWork = ["conversation.begun", "conversation.reopened"].includes(type) || (type === "conversation.waiting" && (isMine || !row?.assignee)) || (type === "conversation.claimed" && isMine);
  if (isWork && by !== me.id) alerts.ring();
  if (talk?.id === id && !joined.has(id)) talk?.load();
});

new Canned({
  box: byId("desk-box"),
  list: byId("desk-canned"),
  offered: () => (talk && composer.mode === "answer" ? (inboxOf(talk.row)?.canned ?? {}) : {}),
  put: (body) => talk && composer.put(fill(body, { visitor: talk.row.visitor.display_name, agent: me.display_name })),
});

client.addEventListener("hello", ({ detail }) => {
  joined.clear();
  for (const channel of detail.channels) {
    joined.add(channel.id);
    forget(channel);
  }
});
client.addEventListener("channel", ({ detail: { action, channel } }) => {
  if (action === "left" || action === "removed") joined.delete(channel.id);
  else joined.add(channel.id);
  if (!isShown(channel)) return;
  forget(channel);
  talk?.load();
});
client.addEventListener("changes", ({ detail }) => {
  if (desks.has(detail.channel)) queue.take(detail);
  else if (talk && (detail.channel === talk.id || detail.channel === talk.row.notes)) talk.take(detail);
});
client.addEventListener("resync", ({ detail: { channel } }) => {
  if (desks.has(channel)) queue.load();
  else if (talk && (channel === talk.id || channel === talk.row.notes)) talk.load();
});
client.addEventListener("typing", ({ detail }) => others.typing(detail, talk?.row ?? null));
client.addEventListener("viewing", ({ detail }) => others.viewing(detail));
client.addEventListener("state", ({ detail }) => {
  const words = { online: "", connecting: "Connecting…", waiting: "No connection. Your messages are kept and sent when it is back.", ended: "You are signed out. Reload the page." };
  byId("desk-state").textContent = words[/** @type {"online"} */ (detail.state)] ?? "";
  if (detail.state === "online" && talk) talk.load();
});
client.addEventListener("ended", () => location.reload());

listen({
  j: () => rows.step(1),
  k: () => rows.step(-1),
  c: () => acts.claim(),
  r: () => (composer.turn("answer"), composer.focus()),
  n: () => (composer.turn("note"), composer.focus()),
  s: () => acts.snooze(),
  e: () => acts.run("resolve"),
  o: () => acts.run("reopen"),
  1: () => rows.turn("mine"),
  2: () => rows.turn("unassigned"),
  3: () => rows.turn("all"),
  "?": () => byId("desk-help").showModal(),
});
byId("desk-keys").addEventListener("click", () => byId("desk-help").showModal());
byId("desk").addEventListener("click", (/** @type {any} */ { target }) => target.closest("[data-show]") && show(target.closest("[data-show]").dataset.show));
byId("desk-inbox")?.addEventListener("change", (/** @type {any} */ { target }) => {
  queue.inbox = target.value ? Number(target.value) : null;
  queue.load();
});
const soundButton = byId("desk-sound");
const paintSound = () => {
  soundButton.setAttribute("aria-pressed", String(alerts.isLoud));
  soundButton.textContent = alerts.isLoud ? "Sound on" : "Sound off";
};
soundButton.addEventListener("click", () => {
  alerts.isLoud = !alerts.isLoud;
  paintSound();
});
paintSound();
document.addEventListener("visibilitychange", read);
globalThis.addEventListener("focus", read);

client.start();
await queue.load();
if (Number(location.hash.slice(1))) await open(Number(location.hash.slice(1)));
