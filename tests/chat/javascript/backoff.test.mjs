import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Persistence, pause } from "../../../chat/static/gapless/client/backoff.js";
import { standStill } from "./stage/browser.mjs";

let pass;
beforeEach(() => {
  pass = standStill();
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

const luck = (number) => mock.method(Math, "random", () => number);

test("pauses grow twofold with full jitter, to half a minute", () => {
  luck(0.999999);
  assert.deepEqual([1, 2, 3, 4, 5, 6, 60].map((refusals) => Math.round(pause(refusals))), [1, 2, 4, 8, 16, 30, 30]);
  luck(0);
  assert.equal(pause(5), 0);
});

test("nobody comes back sooner than the server named, nor all at once", () => {
  luck(0);
  assert.equal(pause(1, 12), 12);
  luck(0.5);
  assert.equal(pause(9, 12), 12.5);
});

test("what may pass is asked for again, what can't is not", async () => {
  luck(0.5);
  let asked = 0;
  const persistence = new Persistence();
  for (const status of [0, 429, 500, 503]) assert.equal(persistence.later({ status }, () => asked++), true);
  await pass(60_000);
  assert.equal(asked, 1); // the last one only: one question at a time
  for (const status of [400, 403, 404]) assert.equal(persistence.later({ status }, () => asked++), false);
  await pass(60_000);
  assert.equal(asked, 1);
});

test("success begins the pauses anew", async () => {
  luck(0.999999);
  const persistence = new Persistence();
  let asked = 0;
  for (let n = 0; n < 4; n += 1) persistence.later({ status: 503 }, () => asked++);
  persistence.succeeded();
  persistence.later({ status: 503 }, () => asked++);
  await pass(1_001);
  assert.equal(asked, 1);
});
