import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { settle, standStill } from "./stage/browser.mjs";

globalThis.document = { querySelector: () => ({ content: "token" }) };
const { get, patch, post, postEach } = await import("../../../chat/static/gapless/page/api.js");

/** What was asked, each with a way to answer it. */
let asked;
beforeEach(() => {
  asked = [];
  globalThis.fetch = (path, { method, body }) => new Promise((answer) => asked.push({ said: `${method} ${path} ${body}`, answer: (json) => answer({ ok: true, status: 200, json: async () => json }) }));
});

test("the second half of a double click is no second request, and has the same answer", async () => {
  const both = [post("channels/", { name: "lunch" }), post("channels/", { name: "lunch" })];
  assert.equal(asked.length, 1);
  asked[0].answer({ id: 7 });
  assert.deepEqual(await Promise.all(both), [{ id: 7 }, { id: 7 }]);
  post("channels/", { name: "lunch" });
  assert.equal(asked.length, 2);
});

test("what is wished again after something else is asked again", async () => {
  for (const level of ["all", "none", "all"]) patch("channels/7/membership/", { notify_level: level });
  await settle();
  assert.equal(asked.length, 3);
  assert.match(asked[2].said, /"all"/);
});

test("two files of one name are two", () => {
  for (const _ of [1, 2]) postEach("files/uploads/", { name: "image.png", size: 4 });
  assert.equal(asked.length, 2);
});

for (const [stalls, answer] of [
  ["its answer", (end) => end],
  ["the rest of its answer", (end) => Promise.resolve({ ok: true, status: 200, json: () => end })],
])
  test(`a page that is asked for over a line that keeps ${stalls} is given up, and can be asked for again`, async () => {
    const pass = standStill();
    globalThis.fetch = (_, { signal }) => answer(new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))));
    let problem;
    get("channels/7/messages/").catch((refusal) => (problem = refusal));
    await pass(19_999);
    assert.equal(problem, undefined);
    await pass(1);
    assert.equal(problem.code, "unreachable");
    mock.restoreAll();
    mock.timers.reset();
  });
