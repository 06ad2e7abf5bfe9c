import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { openTab, standStill } from "./stage/browser.mjs";

globalThis.addEventListener = () => {};
globalThis.document = { querySelector: () => ({ content: "token" }) };
const api = await import("../../../chat/static/gapless/page/api.js");
const { Uploads } = await import("../../../chat/static/gapless/files/uploads.js");

let asked;
/** The server of one upload: it answers by what was asked; a line that breaks answers nothing. */
let server;
beforeEach(() => {
  openTab();
  asked = [];
  globalThis.fetch = async (path, { method }) => {
    asked.push(`${method} ${path.replace("/api/v1/files/", "")}`);
    const answer = server(asked.at(-1));
    if (!answer) throw new Error("the line is cut");
    return { ok: true, status: 200, json: async () => answer };
  };
});

const until = async (condition) => {
  for (let turn = 0; turn < 200 && !condition(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 5));
  return condition();
};

test("what was whole when the answer was lost is whole, and is not asked for again and again", async () => {
  const whole = { id: 7, name: "plan.txt", size: 4 };
  server = (said) => (said.startsWith("POST") ? { id: 7, offset: 0 } : said.startsWith("GET") ? { id: 7, offset: 4, file: whole } : null);
  const uploads = new Uploads(api);
  const { key } = uploads.add(new File(["plan"], "plan.txt"));
  assert.ok(await until(() => uploads.state(key).whole));
  assert.deepEqual(uploads.state(key).whole, whole);
  assert.deepEqual(asked, ["POST uploads/", "PATCH uploads/7/?offset=0", "GET uploads/7/?"]);
});

test("a piece on a line that is up and brings nothing is sent again, from where the server has it", async () => {
  const pass = standStill();
  const whole = { id: 7, name: "plan.txt", size: 4 };
  let pieces = 0;
  server = (said) => (said.startsWith("PATCH") ? { id: 7, offset: 4, file: whole } : { id: 7, offset: 2 });
  const answer = globalThis.fetch;
  globalThis.fetch = (path, options) => {
    if (options.method !== "PATCH") return answer(path, options);
    pieces += 1;
    if (pieces > 1) return answer(path, options);
    return new Promise((_, reject) => options.signal.addEventListener("abort", () => reject(options.signal.reason)));
  };
  const uploads = new Uploads(api);
  const { key } = uploads.add(new File(["plan"], "plan.txt"));
  for (let turn = 0; turn < 100 && !pieces; turn += 1) await pass(0);
  await pass(59_999);
  assert.equal(uploads.state(key).detail, null);
  await pass(1);
  assert.match(uploads.state(key).detail, /^Waiting for the connection/);
  await pass(1_000);
  assert.deepEqual(asked, ["POST uploads/", "GET uploads/7/?", "PATCH uploads/7/?offset=2"]);
  assert.deepEqual(uploads.state(key).whole, whole);
  mock.restoreAll();
  mock.timers.reset();
});
