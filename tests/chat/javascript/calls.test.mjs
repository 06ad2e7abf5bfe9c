import assert from "node:assert/strict";
import { test } from "node:test";

const { paintCalls } = await import("../../../chat/static/gapless/people/calls.js");

const marked = () => {
  const marks = new Set();
  return { marks, classList: { toggle: (name, isOn) => (isOn ? marks.add(name) : marks.delete(name)) } };
};
const me = { id: 1, username: "alice" };
const PEOPLE = { 2: "bob", 3: "charlie-new" };

/** Which words of a message are painted as calls; those of the reader with a star. */
function painted(body, users, { everyone = false } = {}) {
  const words = [...body.matchAll(/@[\w.-]+/g)].map(([word]) => ({ ...marked(), dataset: { call: word.slice(1) } }));
  const row = { ...marked(), querySelectorAll: () => words };
  paintCalls(row, { mentions: { users, everyone }, sender: { id: 2 } }, { me, usernameOf: (id) => PEOPLE[id] ?? null });
  return words.filter(({ marks }) => marks.has("call")).map(({ marks, dataset }) => `${dataset.call}${marks.has("is-mine") ? "*" : ""}`);
}

test("who is called is painted, and nobody else is", () => {
  assert.deepEqual(painted("@Bob. and @alice, not @nobody", [1, 2]), ["Bob.", "alice*"]);
  assert.deepEqual(painted("@here and @nobody", [], { everyone: true }), ["here*"]);
});

test("who has left, or has another username now, is still seen to be called", () => {
  assert.deepEqual(painted("@gone and @bob", [2, 9]), ["gone", "bob"]);
  assert.deepEqual(painted("@charlie-old and @bob", [2, 3]), ["charlie-old", "bob"]);
  assert.deepEqual(painted("@alice-old", [1]), ["alice-old*"]);
  assert.deepEqual(painted("@charlie-old and @gone", [3, 9]), ["charlie-old", "gone"]);
  assert.deepEqual(painted("@charlie-old or @nobody", [3]), [], "which of the two can't be known");
});
