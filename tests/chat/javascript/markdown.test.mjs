import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { draw } from "../../../chat/static/gapless/markdown/draw.js";
import { spelled } from "../../../chat/static/gapless/markdown/hosts.js";
import { plain } from "../../../chat/static/gapless/markdown/plain.js";
import { htmlOf, openDocument } from "./stage/document.mjs";

openDocument();
const examples = JSON.parse(readFileSync(new URL("../markdown/examples.json", import.meta.url)));

for (const [group, cases] of Object.entries(examples))
  test(`the page draws what the table says: ${group}`, () => {
    for (const [body, html, text] of cases) assert.deepEqual([body, htmlOf(draw(body)), plain(body)], [body, html, text]);
  });

test("a host that is spelled otherwise is the one that the browser goes to", () => {
  for (const [body, html] of examples["hosts of other letters"]) {
    const [, href] = html.match(/href="([^"]*)"/);
    assert.equal(new URL(spelled(href)).href, new URL(href).href, body);
  }
});
