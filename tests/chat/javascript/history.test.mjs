import assert from "node:assert/strict";
import { test } from "node:test";
import "./stage/browser.mjs";
import { around } from "../../../chat/static/gapless/timeline/history.js";

const message = (seq) => ({ id: seq, seq, kind: "text", sender: { id: 1, username: "ann", display_name: "Ann" } });

function answer(from, to) {
  const results = Array.from({ length: to - from + 1 }, (_, place) => message(to - place));
  globalThis.document = { querySelector: () => ({ content: "token" }), querySelectorAll: () => [] };
  globalThis.fetch = async () => new Response(JSON.stringify({ results }), { status: 200, headers: { "Content-Type": "application/json" } });
}

test("a page around a place says that nothing is newer when its newer half is not full", async () => {
  answer(11, 29);
  assert.equal((await around(7, 21)).isLatest, true);
  answer(11, 30);
  assert.equal((await around(7, 21)).isLatest, false);
});
