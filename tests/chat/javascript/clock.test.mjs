import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { elapsed, heardServerTime, serverNow } from "../../../chat/static/gapless/client/clock.js";
import { standStill } from "./stage/browser.mjs";

let pass;
beforeEach(() => {
  pass = standStill();
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

test("before the server has said it, the time is the browser's", () => {
  assert.equal(serverNow(), Date.now());
});

test("the time is the server's, carried on by a clock that nobody sets", async () => {
  heardServerTime("2030-01-01T00:00:00Z");
  await pass(5_000);
  mock.timers.setTime(Date.parse("1999-12-31T00:00:00Z")); // somebody sets the clock of day
  assert.equal(new Date(serverNow()).toISOString(), "2030-01-01T00:00:05.000Z");
});

test("durations do not follow the clock of day", async () => {
  const before = elapsed();
  mock.timers.setTime(Date.parse("2040-01-01T00:00:00Z"));
  await pass(250);
  assert.equal(elapsed() - before, 250);
});
