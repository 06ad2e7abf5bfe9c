import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Reacting, wished } from "../../../chat/static/gapless/client/reacting.js";
import { sentence } from "../../../chat/static/gapless/page/format.js";
import { openTab, settle, standStill } from "./stage/browser.mjs";

let shared;
let pass;
beforeEach(() => {
  shared = openTab();
  pass = standStill();
});
afterEach(() => mock.restoreAll() || mock.timers.reset());

/** A tab of user 1 and what it has asked; `answers` are taken in their order, then everything is accepted. */
function tab({ isOnline = true, answers = [] } = {}) {
  const asked = [];
  const refused = [];
  const line = { isOnline, asked, refused };
  line.reacting = new Reacting({
    user: 1,
    isOnline: () => line.isOnline,
    changed: () => {},
    refused: (wish, detail) => refused.push([wish.emoji, detail]),
    ask: async (frame) => {
      asked.push(`${frame.op} ${frame.message} ${frame.emoji}`);
      const answer = answers.shift();
      if (answer) throw answer;
      return { message: { id: frame.message } };
    },
  });
  return line;
}

const wish = (line, emoji, isOn = true, message = 7) => line.reacting.wish({ channel: 1, message, emoji, isOn });

test("what is wished without a connection goes out in order once there is one, and once", async () => {
  const line = tab({ isOnline: false });
  wish(line, "👍");
  wish(line, "🎉", true, 8);
  wish(line, "❤️");
  wish(line, "🎉", false, 8);
  await settle();
  assert.deepEqual(line.asked, []);
  assert.deepEqual(line.reacting.of(8).map(({ emoji, isOn }) => [emoji, isOn]), [["🎉", false]]);
  line.isOnline = true;
  line.reacting.wake();
  line.reacting.wake();
  await settle();
  assert.deepEqual(line.asked, ["reaction.add 7 👍", "reaction.add 7 ❤️", "reaction.remove 8 🎉"]);
  assert.deepEqual(line.reacting.of(7), []);
});

test("a wish survives the tab, and one that another tab has sent is not sent again", async () => {
  const line = tab({ isOnline: false });
  wish(line, "👍");
  openTab(shared);
  const later = tab({ isOnline: false });
  assert.equal(later.reacting.of(7).length, 1);
  line.isOnline = later.isOnline = true;
  line.reacting.wake();
  await settle();
  later.reacting.wake();
  await settle();
  assert.deepEqual([line.asked, later.asked, later.reacting.of(7)], [["reaction.add 7 👍"], [], []]);
});

test("a refusal takes the wish back and says why; one that may pass is asked again", async () => {
  const line = tab({ answers: [{ code: "rate_limited", detail: "wait", retryAfter: 3 }, null, { code: "muted", detail: "You are muted." }] });
  wish(line, "👍");
  await settle();
  assert.deepEqual(line.asked.length, 1);
  await pass(3_000);
  assert.deepEqual(line.asked, ["reaction.add 7 👍", "reaction.add 7 👍"]);
  wish(line, "🎉");
  await settle();
  assert.deepEqual([line.refused, line.reacting.of(7)], [[["🎉", "You are muted."]], []]);
});

test("a lost connection keeps the wish, and a later click stays the last word", async () => {
  const line = tab({ answers: [{ code: "connection_lost", detail: "" }] });
  wish(line, "👍");
  await settle();
  wish(line, "👍", false);
  await settle();
  assert.deepEqual(line.asked, ["reaction.add 7 👍", "reaction.remove 7 👍"]);
});

test("wishes lie over what the server has said", () => {
  const said = { "👍": [2], "🎉": [1] };
  const wishes = [{ emoji: "👍", isOn: true }, { emoji: "🎉", isOn: false }, { emoji: "❤️", isOn: true }];
  assert.deepEqual(wished(said, wishes, 1), { "👍": [2, 1], "❤️": [1] });
  assert.deepEqual(said, { "👍": [2], "🎉": [1] });
});

test("who has reacted is one sentence", () => {
  assert.equal(sentence(["Ann"]), "Ann");
  assert.equal(sentence(["Ann", "You", null]), "You, Ann and 1 other");
  assert.equal(sentence([null, null]), "2 people");
});

test("a wish that another tab sees to while this one looks is nobody's", async () => {
  const line = tab({ isOnline: false });
  wish(line, "👍");
  const key = Object.keys(shared).find((name) => name.startsWith("gapless.reaction."));
  openTab(shared);
  shared[key] = "null";
  const later = tab();
  later.reacting.wake();
  await settle();
  assert.deepEqual(later.asked, []);
});
