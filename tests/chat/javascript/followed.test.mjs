import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Followed } from "../../../chat/static/gapless/threads/followed.js";
import { standStill } from "./stage/browser.mjs";

let pass;
beforeEach(() => (pass = standStill()));
afterEach(() => mock.restoreAll() || mock.timers.reset());

const ME = { id: 1 };
const NOBODY = { users: [], everyone: false };
const reply = (id) => ({ id, thread: 7, sender: { id: 2 }, mentions: NOBODY });

test("a thread is asked about again once its root mentions the person", async () => {
  let asked = 0;
  let results = [];
  const load = async () => {
    asked += 1;
    return { results, unread_threads: results.length };
  };
  const followed = new Followed({ me: ME, unread: 0, load });
  followed.take([reply(8)]);
  await pass(1_000);
  followed.take([reply(9)]);
  await pass(1_000);
  assert.equal(asked, 1); // it is not the person's
  followed.take([{ id: 7, thread: null, sender: { id: 2 }, mentions: { users: [1], everyone: false } }]);
  results = [{ id: 7, unread: 3 }];
  followed.take([reply(10)]);
  await pass(1_000);
  assert.deepEqual([asked, followed.unread], [2, 1]);
});
