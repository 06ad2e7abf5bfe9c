import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { feature, wireAll } from "../../../chat/static/gapless/page/feature.js";

const rooms = new URL("../../../chat/static/gapless/", import.meta.url);

test("features are joined to the page in the order in which they registered", () => {
  const heard = [];
  for (const name of ["first", "second"]) feature((page) => heard.push([name, page]));
  wireAll("the page");
  assert.deepEqual(heard, [["first", "the page"], ["second", "the page"]]);
});

test("every feature is on the page", () => {
  const page = readFileSync(new URL("page/page.js", rooms), "utf8");
  const forgotten = readdirSync(new URL("features/", rooms)).filter((name) => !page.includes(`import "../features/${name}";`));
  assert.deepEqual(forgotten, []);
});
