import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { openTab, settle, standStill } from "./stage/browser.mjs";

globalThis.addEventListener = () => {};
globalThis.location = { protocol: "http:", host: "here" };
const { Store } = await import("../../../chat/static/gapless/widget/store.js");
const { Talk } = await import("../../../chat/static/gapless/widget/talk.js");
const { Visit } = await import("../../../chat/static/gapless/widget/visit.js");

const CONVERSATION = { id: 7, head: 2 };
const message = (seq, body) => ({ seq, rev: seq, body, kind: "text", client_msg_id: `${seq}`, sender: { username: "ada" } });

/** What the server answers to each path; a function is asked anew each time. */
let answers;
let asked;
let sockets;
let pass;
beforeEach(() => {
  pass = standStill();
  mock.method(Math, "random", () => 0.5);
  openTab();
  localStorage.setItem("gapless.key.visit", JSON.stringify({ token: "t", sub: null }));
  [asked, sockets] = [[], []];
  answers = {
    "support/conversations/": { results: [CONVERSATION] },
    "channels/7/messages/": { results: [message(1, "one"), message(2, "two")], next_before: null },
    "channels/7/changes/": { results: [], head: 2, epoch: "e", has_more: false, resync: false },
  };
  globalThis.fetch = async (url, { signal }) => {
    const path = url.slice("/api/v1/".length).replace(/\?.*/, "");
    asked.push(path);
    const answer = typeof answers[path] === "function" ? await answers[path](signal) : answers[path];
    return { ok: true, status: 200, json: async () => answer };
  };
  globalThis.WebSocket = class {
    constructor() {
      sockets.push(this);
    }
    close() {}
  };
});
afterEach(() => {
  mock.restoreAll();
  mock.timers.reset();
});

/** A line that is up and brings nothing. */
const silence = (signal) => new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("aborted"))));

function openTalk() {
  const store = new Store("key", () => {});
  const visit = new Visit("key", store);
  return { visit, talk: new Talk({ visit, store, around: () => ({}), files: { arrived: async () => [], forget() {} } }) };
}
const bodies = (talk) => talk.messages.map(({ body }) => body);

test("a history that could not be loaded at first is there, and is listened to, after the next attempt", async () => {
  const { talk } = openTalk();
  const history = answers["channels/7/messages/"];
  answers["channels/7/messages/"] = () => Promise.reject(new TypeError("network"));
  await assert.rejects(talk.load(), { status: 0 });
  answers["channels/7/messages/"] = history;
  await talk.load();
  assert.deepEqual(bodies(talk), ["one", "two"]);
  assert.equal(sockets.length, 1);
});

test("a request that brings no answer is given up after twenty seconds, and changes are asked for again", async () => {
  const { talk } = openTalk();
  await talk.load();
  answers["channels/7/changes/"] = silence;
  talk.load();
  await settle();
  await pass(19_999);
  answers["channels/7/changes/"] = { results: [message(3, "three")], head: 3, epoch: "e", has_more: false, resync: false };
  assert.deepEqual(bodies(talk), ["one", "two"]);
  await pass(1);
  await pass(500);
  assert.deepEqual(bodies(talk), ["one", "two", "three"]);
});

test("a log that has begun anew is read again until it has been read", async () => {
  const { talk } = openTalk();
  await talk.load();
  answers["channels/7/changes/"] = { results: [], head: 1, epoch: "another", has_more: false, resync: true };
  answers["channels/7/messages/"] = () => Promise.reject(new TypeError("network"));
  await talk.load();
  assert.deepEqual(bodies(talk), ["one", "two"]);
  answers["channels/7/messages/"] = { results: [message(1, "anew")], next_before: null };
  await pass(500);
  assert.deepEqual(bodies(talk), ["anew"]);
});

test("who signs out while the history is under way sees nothing of it", async () => {
  const { talk, visit } = openTalk();
  let bring;
  const history = answers["channels/7/messages/"];
  answers["channels/7/messages/"] = () => new Promise((resolve) => {
    bring = () => resolve(history);
  });
  const loading = talk.load();
  await settle();
  visit.forget();
  talk.clear();
  bring();
  await loading;
  assert.deepEqual(bodies(talk), []);
  assert.equal(talk.conversation, null);
  assert.equal(sockets.length, 0);
});

test("an answer that breaks off is no answer", async () => {
  const { talk } = openTalk();
  globalThis.fetch = async () => ({ ok: true, status: 200, json: () => Promise.reject(new TypeError("network")) });
  await assert.rejects(talk.load(), { status: 0 });
});

test("what is said over a line that brings nothing is said again under the same id", async () => {
  const { talk } = openTalk();
  await talk.load();
  const posts = [];
  const whole = globalThis.fetch;
  globalThis.fetch = async (url, options) => {
    if (options.method !== "POST") return whole(url, options);
    posts.push(JSON.parse(options.body).client_msg_id);
    if (posts.length === 1) return silence(options.signal);
    return { ok: true, status: 200, json: async () => ({ ...message(3, "hello"), client_msg_id: posts[0], sender: { username: "visitor-1" } }) };
  };
  talk.unsent.add("hello", []);
  await settle();
  await pass(20_000);
  await pass(500);
  assert.equal(posts.length, 2);
  assert.equal(posts[0], posts[1]);
  assert.deepEqual(talk.unsent.all, []);
});
