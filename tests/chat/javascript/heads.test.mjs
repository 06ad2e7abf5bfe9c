import assert from "node:assert/strict";
import { test } from "node:test";
import { Heads } from "../../../chat/static/gapless/client/heads.js";

test("only the next batch is taken: no repeat, and nothing over a gap", () => {
  const heads = new Heads({ 7: 5 });
  assert.equal(heads.accept({ channel: 7, after: 5, head: 6 }), true);
  assert.equal(heads.accept({ channel: 7, after: 5, head: 6 }), false);
  assert.equal(heads.accept({ channel: 7, after: 8, head: 9 }), false);
  assert.equal(heads.get(7), 6);
});

test("a gap is asked for once, until it is answered", () => {
  const heads = new Heads({ 7: 5 });
  heads.hear(7, 9);
  assert.deepEqual(heads.ask(), { 7: 5 });
  assert.deepEqual(heads.ask(), {});
  heads.release(["7"]);
  assert.deepEqual(heads.ask(), { 7: 5 });
});

test("an answer that brings nothing is not asked for in a circle", () => {
  const heads = new Heads({ 7: 5 });
  heads.hear(7, 9);
  heads.ask();
  assert.equal(heads.settle(7, 5, { head: 5 }), false);
  assert.deepEqual(heads.ask(), {});
});

test("what is too old to be replayed is loaded afresh", () => {
  const heads = new Heads({ 7: 5 });
  assert.equal(heads.settle(7, 5, { head: 4_000, resync: true }), true);
  assert.equal(heads.get(7), 4_000);
});

test("channels that are gone are forgotten, new ones begin at their head", () => {
  const heads = new Heads({ 7: 5, 8: 2 });
  assert.deepEqual(heads.open([{ id: 7, head: 6 }, { id: 9, head: 3 }]), { 7: 5, 9: 3 });
  assert.equal(heads.get(8), undefined);
});
