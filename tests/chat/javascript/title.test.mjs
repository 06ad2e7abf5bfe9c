import assert from "node:assert/strict";
import { test } from "node:test";
import { showUnread } from "../../../chat/static/gapless/page/title.js";

globalThis.document = { body: { dataset: {} }, querySelector: () => ({}) };

const titled = (unread, mentioned = 0) => {
  showUnread({ name: "team", unread, mentioned });
  return document.title;
};

test("the tab says how much is unread", () => {
  assert.equal(titled(0), "team · Gapless");
  assert.equal(titled(3), "(3) team · Gapless");
  assert.equal(titled(999, 2), "(@2, 999) team · Gapless");
});

test("what is no longer counted exactly is not told as if it were", () => {
  assert.equal(titled(1000), "(999+) team · Gapless");
  assert.equal(titled(1747, 1), "(@1, 999+) team · Gapless");
});
