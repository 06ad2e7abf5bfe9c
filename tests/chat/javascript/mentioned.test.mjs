import assert from "node:assert/strict";
import { test } from "node:test";
import { Mentioned } from "../../../chat/static/gapless/channels/mentioned.js";

const said = (rev, calls = true) => ({ rev, seq: rev, calls, isRevised: false });
const edited = (rev, seq, calls) => ({ rev, seq, calls, isRevised: true });

test("what calls live is counted on top of what the server counted", () => {
  const mentioned = new Mentioned({ mentioned: 2, read: 3, head: 5 });
  for (const change of [said(6), said(7, false), said(8)]) mentioned.take(change);
  assert.equal(mentioned.count, 4);
});

test("what was seen here counts no more, before the server says so and after", () => {
  const mentioned = new Mentioned({ mentioned: 2, read: 3, head: 6 });
  mentioned.see(4, [4]);
  assert.equal(mentioned.count, 1);
  mentioned.see(6, []);
  assert.equal(mentioned.count, 0);
  mentioned.tell({ mentioned: 0, read: 6, head: 6 });
  assert.equal(mentioned.count, 0);
});

test("an edit calls anew, and only once", () => {
  const mentioned = new Mentioned({ mentioned: 0, read: 3, head: 5 });
  assert.equal(mentioned.take(edited(6, 4, true)), true);
  assert.equal(mentioned.take(edited(7, 4, true)), false);
  assert.equal(mentioned.count, 1);
  mentioned.take(edited(8, 4, false));
  assert.equal(mentioned.count, 0);
});

test("a later change that is no edit leaves the number certain", () => {
  const mentioned = new Mentioned({ mentioned: 1, read: 3, head: 5 });
  mentioned.take({ rev: 6, seq: 4, calls: true, isRevised: false });
  assert.deepEqual([mentioned.count, mentioned.isOpen], [1, false]);
});

test("only the server knows whether it counted what is edited now, and what a gap holds", () => {
  const mentioned = new Mentioned({ mentioned: 1, read: 3, head: 5 });
  mentioned.take(edited(6, 4, true));
  assert.equal(mentioned.isOpen, true);
  mentioned.tell({ mentioned: 2, read: 3, head: 6 });
  assert.deepEqual([mentioned.count, mentioned.isOpen], [2, false]);
  mentioned.skip(40);
  assert.equal(mentioned.isOpen, true);
});

test("an older count of the server changes nothing", () => {
  const mentioned = new Mentioned({ mentioned: 0, read: 9, head: 9 });
  mentioned.tell({ mentioned: 4, read: 5, head: 9 });
  assert.equal(mentioned.count, 0);
});
