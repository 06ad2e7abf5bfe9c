import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { openTab } from "./stage/browser.mjs";

const { Talk } = await import("../../../chat/static/gapless/support/talk.js");

const message = (channel, seq, body) => ({ channel, seq, rev: seq, body, created_at: `2000-01-01T00:00:0${seq}Z` });

/** What the server has of the conversation 7 and of its notes 8. */
let rows;
beforeEach(() => {
  openTab();
  rows = {
    "support/conversations/7/messages/": [message(7, 1, "Elm Street 7"), message(7, 2, "reported"), message(7, 3, "thanks")],
    "support/conversations/7/notes/": [message(8, 1, "odd")],
  };
  globalThis.fetch = async (url) => {
    const path = url.slice("/api/v1/".length).replace(/\?.*/, "");
    return { ok: true, status: 200, json: async () => ({ results: rows[path], next_before: null }) };
  };
});

test("of an erased conversation only what the server still has is shown", async () => {
  const talk = new Talk({ row: { id: 7, notes: 8 }, isLive: () => true, mayRead: () => true });
  const bodies = () => talk.messages.map(({ body }) => body);
  await talk.load();
  assert.deepEqual(bodies(), ["Elm Street 7", "odd", "reported", "thanks"]);

  rows["support/conversations/7/messages/"] = [message(7, 2, "reported")];
  let told = 0;
  talk.addEventListener("changed", () => told++);
  talk.forget({ id: 7, floor: 3 });
  assert.equal(told, 1);
  assert.deepEqual(bodies(), ["odd"]);
  await talk.load();
  assert.deepEqual(bodies(), ["odd", "reported"]);

  // A channel without a floor has all of it.
  talk.forget({ id: 8 });
  assert.deepEqual(bodies(), ["odd", "reported"]);
});
