import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { heardServerTime, serverNow } from "../../../chat/static/gapless/client/clock.js";
import { Outbox } from "../../../chat/static/gapless/client/outbox.js";
import { heldMs, Sender } from "../../../chat/static/gapless/client/sender.js";
import { openTab } from "./stage/browser.mjs";

const SETTLED = 20;
let asked;

beforeEach(() => {
  openTab();
  asked = [];
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

function makeSender(outbox) {
  const ask = async (frame) => (asked.push(frame.body), { message: { seq: asked.length } });
  return new Sender({ outbox, ask, isOnline: () => true, changed: () => {}, headOf: () => 0 });
}

async function settle() {
  for (let turn = 0; turn < SETTLED; turn += 1) await null;
}

/** The server's clock and the timers go on together. */
async function pass(ms) {
  heardServerTime(new Date(serverNow() + ms).toISOString());
  mock.timers.tick(ms);
  await settle();
}

test("a message that can be taken back waits, and goes when its time is over", async () => {
  const outbox = Object.assign(new Outbox(1), { holdMs: 5_000 });
  const sender = makeSender(outbox);
  const draft = outbox.add({ channel: 7, body: "held" });
  sender.wake(7);
  await settle();
  await pass(4_000);
  assert.deepEqual(asked, []);
  assert.ok(heldMs(draft) > 0);
  await pass(1_100);
  assert.deepEqual(asked, ["held"]);
});

test("who takes one back sends nothing, and what was written after it goes in its time", async () => {
  const outbox = Object.assign(new Outbox(1), { holdMs: 5_000 });
  const sender = makeSender(outbox);
  const draft = outbox.add({ channel: 7, body: "taken back" });
  sender.wake(7);
  await pass(2_000);
  outbox.add({ channel: 7, body: "stays" });
  sender.wake(7);
  outbox.remove(draft.client_msg_id);
  for (let second = 0; second < 6; second += 1) await pass(1_000);
  assert.deepEqual(asked, ["stays"]);
});

test("without a time to take it back a message goes at once", async () => {
  const outbox = new Outbox(1);
  const sender = makeSender(outbox);
  outbox.add({ channel: 7, body: "now" });
  sender.wake(7);
  await settle();
  assert.deepEqual(asked, ["now"]);
});
