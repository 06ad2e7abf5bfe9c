import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { heardServerTime } from "../../../chat/static/gapless/client/clock.js";
import { ago, dayName, marked, plural, seconds } from "../../../chat/static/gapless/page/format.js";
import { standStill } from "./stage/browser.mjs";

beforeEach(() => {
  standStill();
  heardServerTime("2026-03-14T12:00:00Z");
  globalThis.document = { createElement: (tag) => ({ tag }) };
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

const told = (nodes) => nodes.map((node) => (typeof node === "string" ? node : `[${node.textContent}]`)).join("");
const minutesAgo = (minutes) => new Date(Date.parse("2026-03-14T12:00:00Z") - minutes * 60_000);

test("words that were looked for are marked as they stand, signs included", () => {
  assert.equal(told(marked("A b.c, a B.C and bxc", ["b.c"], 200)), "A [b.c], a [B.C] and bxc");
  assert.equal(told(marked(`${"x".repeat(100)} needle ${"y".repeat(100)}`, ["needle"], 40)).includes("[needle]"), true);
});

test("how long ago is told by the server's clock", () => {
  assert.equal(ago(minutesAgo(0.5)), "just now");
  assert.match(ago(minutesAgo(5)), /5/);
  assert.match(ago(minutesAgo(24 * 60 * 8)), /^on /);
  assert.equal(dayName(minutesAgo(0)), "Today");
  assert.equal(dayName(minutesAgo(24 * 60)), "Yesterday");
});

test("one is one, and a countdown never says nothing", () => {
  assert.deepEqual([plural(1, "member"), plural(2, "member"), plural(0, "reply", "replies")], ["1 member", "2 members", "0 replies"]);
  assert.deepEqual([seconds(0), seconds(1_001), seconds(2_000)], [1, 2, 2]);
});
