/** A body a line (as JSON) on standard input, and a line for each: what the page draws, as HTML and as plain text. */
import { createInterface } from "node:readline";
import { draw } from "../../../../chat/static/gapless/markdown/draw.js";
import { plain } from "../../../../chat/static/gapless/markdown/plain.js";
import { htmlOf, openDocument } from "./document.mjs";

openDocument();
for await (const line of createInterface({ input: process.stdin })) {
  const body = JSON.parse(line);
  process.stdout.write(`${JSON.stringify([htmlOf(draw(body)), plain(body)])}\n`);
}
