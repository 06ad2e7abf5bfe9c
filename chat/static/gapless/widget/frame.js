/** The page in the frame: what is typed goes into the talk, what the talk holds is shown, and the company's page is told little. */
import { Persistence } from "../client/backoff.js";
import { whenName } from "../page/format.js";
import { MESSAGE_BYTES } from "../page/limits.js";
import { isSelectedIn } from "../page/steady.js";
import { roomOf } from "../writing/room.js";
import { Attached } from "./attached.js";
import { Files } from "./files.js";
import { Log } from "./log.js";
import { Rating } from "./rating.js";
import { Store } from "./store.js";
import { Talk } from "./talk.js";
import { Visit } from "./visit.js";

const TYPING_MS = 3_000;

const byId = (/** @type {string} */ id) => document.getElementById(id);
const key = document.body.dataset.inbox ?? "";
const [scroller, form, field, status, banner, older, typing] = ["scroller", "form", "field", "status", "banner", "older", "typing"].map(byId);

const isFramed = window.parent !== window;
const store = new Store(key, (name, value) => tell({ gapless: "keep", name, value }));
const opensFirst = isFramed ? firstOpening() : null;
tell({ gapless: "ready" });
// In a frame nothing is read or asked for before it is opened: then the page says who is there, and what it keeps for us.
const opening = await opensFirst;
store.adopt(opening?.kept ?? {});

const visit = new Visit(key, store);
const around = { page: "", locale: navigator.language };
const attached = new Attached({ visit, form, place: byId("attached"), name: `gapless.${key}.attached`, say, changed: () => fit() });
const talk = new Talk({ visit, store, around: () => around, files: attached });
const log = new Log(byId("log"), (message) => talk.isOwn(message), { retry, withdraw, stateOf: (/** @type {string} */ key) => attached.state(key) }, new Files((path) => visit.bring(path)));
const rating = new Rating(byId("rating"), talk, store);
let isOpen = !isFramed;
let unread = 0;
let saidTypingAt = 0;

// ---- what is shown ----

const isAtEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;

function draw() {
  const wasAtEnd = isAtEnd();
  const messages = talk.messages;
  log.draw(messages, talk.unsent.all);
  older.hidden = talk.olderThan == null;
  rating.draw(messages);
  if ((wasAtEnd && !isSelectedIn(scroller)) || talk.unsent.all.length) scroller.scrollTop = scroller.scrollHeight;
  if (isOpen) talk.read();
}

function sayOpening() {
  const { opening } = status.dataset;
  if (opening) status.textContent = `Closed. We are back ${whenName(new Date(opening))}.`;
}

talk.addEventListener("changed", draw);
attached.addEventListener("moved", () => talk.unsent.all.length && draw());
talk.addEventListener("state", ({ detail: { isOnline } }) => (banner.hidden = isOnline));
talk.addEventListener("typing", ({ detail: users }) => {
  const wasAtEnd = isAtEnd();
  typing.hidden = !users.length;
  if (wasAtEnd) scroller.scrollTop = scroller.scrollHeight;
});
talk.addEventListener("ended", () => say("This conversation has ended here. Write to begin another one."));
talk.addEventListener("fresh", ({ detail: messages }) => {
  typing.hidden = true;
  if (isOpen) return;
  unread += messages.length;
  tell({ gapless: "unread", count: unread });
});
visit.addEventListener("changed", () => {
  talk.clear();
  load();
});
older.addEventListener("click", async () => {
  const height = scroller.scrollHeight;
  await talk.loadOlder().catch((trouble) => say(trouble.detail));
  scroller.scrollTop += scroller.scrollHeight - height;
});

/** A sentence beside the composer, until the next word is typed. */
function say(/** @type {string} */ sentence) {
  byId("problem").textContent = sentence;
}

// ---- what is typed ----

function retry(/** @type {any} */ draft) {
  attached.retry(draft.files ?? []);
  talk.unsent.retry(draft);
}

/** What was written since stays, below it. */
function withdraw(/** @type {any} */ draft) {
  talk.unsent.withdraw(draft);
  attached.put(draft.files ?? []);
  put([draft.body, field.value.trim()].filter(Boolean).join("\n"));
}

function put(/** @type {string} */ text) {
  field.value = text;
  fit();
  field.focus();
}

function fit() {
  const text = field.value.trim();
  const { over, sentence } = roomOf(text, MESSAGE_BYTES);
  say(over ? `${sentence} Shorten it, or send it in two.` : "");
  byId("send").disabled = !(text || attached.count) || over > 0;
  const wasAtEnd = isAtEnd();
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, 140)}px`;
  if (wasAtEnd) scroller.scrollTop = scroller.scrollHeight;
  store.set("draft", field.value);
}

field.addEventListener("input", () => {
  fit();
  if (performance.now() - saidTypingAt < TYPING_MS) return;
  saidTypingAt = performance.now();
  talk.type(true);
});
field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});
form.addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  if (byId("send").disabled) return;
  talk.unsent.add(field.value.trim(), attached.take());
  saidTypingAt = 0;
  put("");
  scroller.scrollTop = scroller.scrollHeight;
});
// Before somebody listened, Enter would have been lost.
field.disabled = false;

// ---- the company's page ----

function tell(/** @type {object} */ message) {
  if (window.parent !== window) window.parent.postMessage(message, "*");
}

// Who may frame this page is in its Content-Security-Policy: nobody else can be the parent.
function kindOf(/** @type {MessageEvent} */ { source, data }) {
  return source === window.parent && source !== window ? data?.gapless : null;
}

/** What the page says when the chat is opened for the first time; who has signed out there before is forgotten. @returns {Promise<any>} */
function firstOpening() {
  return new Promise((resolve) => {
    const listen = (/** @type {any} */ event) => {
      const kind = kindOf(event);
      if (kind === "signOut") store.remove("visit");
      if (kind !== "opened") return;
      window.removeEventListener("message", listen);
      resolve(event.data);
    };
    window.addEventListener("message", listen);
  });
}

async function opened(/** @type {any} */ { page, locale, identity }) {
  isOpen = true;
  unread = 0;
  Object.assign(around, { page: String(page ?? "").slice(0, 2000), locale: String(locale ?? "").slice(0, 35) });
  field.focus();
  try {
    if (await visit.identify(identity == null ? null : String(identity))) talk.clear();
  } catch (trouble) {
    say(trouble.detail);
  }
  await load();
  talk.read();
}

function signOut() {
  visit.forget();
  talk.clear();
}

window.addEventListener("message", (event) => {
  const { data } = event;
  const kind = kindOf(event);
  if (kind === "opened") opened(data);
  if (kind === "closed") isOpen = false;
  if (kind === "kept") store.hear(data.name, data.value);
  if (kind === "signOut") signOut();
});
window.addEventListener("keydown", (event) => event.key === "Escape" && tell({ gapless: "close" }));
byId("close").addEventListener("click", () => tell({ gapless: "close" }));

const persistence = new Persistence();

async function load() {
  try {
    await talk.load();
    banner.hidden = true;
    persistence.succeeded();
  } catch (trouble) {
    if (trouble.status === 401) return visit.forget();
    banner.hidden = false;
    persistence.later(trouble, load);
  }
}

field.value = store.get("draft") ?? "";
byId("close").hidden = !isFramed;
sayOpening();
fit();
if (opening) opened(opening);
else load();
