import assert from "node:assert/strict";
import { test } from "node:test";
import { Unread } from "../../../chat/static/gapless/channels/unread.js";

const text = (rev, seq = rev) => ({ rev, seq, counts: true, isGone: false });
const gone = (rev, seq) => ({ rev, seq, counts: false, isGone: true });
const other = (rev) => ({ rev, seq: rev, counts: false, isGone: false });

test("live messages are counted on top of what the server counted", () => {
  const unread = new Unread({ unread: 2, read: 3, head: 5 });
  for (const change of [text(6), other(7), text(8)]) unread.take(change);
  assert.equal(unread.count, 4);
});

test("a repeated change counts once", () => {
  const unread = new Unread({ unread: 0, read: 5, head: 5 });
  unread.take(text(6));
  unread.take(text(6));
  assert.equal(unread.count, 1);
});

test("a deleted message counts no more, wherever it was counted", () => {
  const unread = new Unread({ unread: 2, read: 3, head: 5 });
  unread.take(text(6));
  unread.take(gone(7, 6));
  unread.take(gone(8, 4));
  assert.equal(unread.count, 1);
});

test("what was seen here counts no more, before the server says so and after", () => {
  const unread = new Unread({ unread: 2, read: 3, head: 5 });
  unread.see(4, [4]);
  assert.equal(unread.count, 1);
  unread.see(5, [5], { isAll: true });
  assert.equal(unread.count, 0);
  unread.tell({ unread: 0, read: 5, head: 5 });
  assert.equal(unread.count, 0);
});

test("an older count of the server changes nothing", () => {
  const unread = new Unread({ unread: 0, read: 9, head: 9 });
  unread.tell({ unread: 4, read: 5, head: 9 });
  assert.equal(unread.count, 0);
  assert.equal(unread.read, 9);
});

test("after a gap only the server can say the number", () => {
  const unread = new Unread({ unread: 1, read: 3, head: 5 });
  unread.skip(40);
  assert.equal(unread.isOpen, true);
  unread.tell({ unread: 12, read: 3, head: 40 });
  assert.equal(unread.isOpen, false);
  assert.equal(unread.count, 12);
});
