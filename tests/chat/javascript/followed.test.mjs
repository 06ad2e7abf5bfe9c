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

test("what is counted as unread is found beyond the first page, and older ones are shown on a wish", async () => {
  const pages = {
    "{}": { results: [{ id: 1, unread: 0 }, { id: 2, unread: 1 }], unread_threads: 2, next: "http://localhost/api/v1/threads/?cursor=5.6" },
    '{"only":"unread"}': { results: [{ id: 2, unread: 1 }, { id: 9, unread: 4 }] },
    '{"cursor":"5.6"}': { results: [{ id: 8, unread: 0 }, { id: 9, unread: 4 }], next: null },
  };
  const followed = new Followed({ me: ME, unread: 0, load: async (query) => pages[JSON.stringify(query)] });
  followed.refresh();
  await pass(1_000);
  assert.deepEqual(followed.threads.map(({ id }) => id), [1, 2, 9]);
  assert.deepEqual([followed.isUnread(9), followed.isUnread(1)], [true, false]);
  await followed.more();
  assert.deepEqual([followed.threads.map(({ id }) => id), followed.next], [[1, 2, 9, 8], null]);
});
