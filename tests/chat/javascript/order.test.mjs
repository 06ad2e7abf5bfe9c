import assert from "node:assert/strict";
import { test } from "node:test";
import { inOrder } from "../../../chat/static/gapless/timeline/order.js";

const message = (seq) => ({ name: `m${seq}`, seq });
const pending = (at) => ({ name: `p${at}`, state: "pending", after: null, at });
const failed = (after, at) => ({ name: `f${after}.${at}`, state: "failed", after, at });
const names = (items) => items.map(({ name }) => name).join(" ");

test("messages stand at their number, whatever the order in which they came", () => {
  assert.equal(names([message(9), message(2), message(5)].sort(inOrder)), "m2 m5 m9");
});

test("what is on its way stands after everything, in the order in which it was said", () => {
  assert.equal(names([pending(20), message(99), pending(10)].sort(inOrder)), "m99 p10 p20");
});

test("a refused draft keeps its place behind the number that it followed", () => {
  const items = [message(3), failed(2, 11), message(2), failed(2, 10), pending(1)];
  assert.equal(names(items.sort(inOrder)), "m2 f2.10 f2.11 m3 p1");
});

test("every shuffle of the same rows ends in the same order", () => {
  const items = [message(1), message(2), failed(1, 5), failed(2, 4), pending(8), pending(9)];
  const expected = names([...items].sort(inOrder));
  for (let turn = 0; turn < items.length; turn += 1) {
    items.push(items.shift());
    assert.equal(names([...items].sort(inOrder)), expected);
    assert.equal(names([...items].reverse().sort(inOrder)), expected);
  }
});
