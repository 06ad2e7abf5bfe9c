import assert from "node:assert/strict";
import { test } from "node:test";
import { beginsWith, isCalled } from "../../../chat/static/gapless/channels/called.js";

test("a channel is found by words of its name, in any order, case and spelling of accents", () => {
  for (const typed of ["incident 211", "211 inc", "#incident", "INCIDENT-2026", "", "  "]) assert.ok(isCalled("incident-2026-211", typed), typed);
  for (const typed of ["incident 212", "incidents"]) assert.ok(!isCalled("incident-2026-211", typed), typed);
  assert.ok(isCalled("Çelik Demir", "celik"));
  assert.ok(isCalled("Émile Zola", "zola emile"));
  assert.ok(isCalled("שרה כהן", "כהן"));
});

test("what begins with it comes first", () => {
  assert.ok(beginsWith("General", "#gen"));
  assert.ok(!beginsWith("In general", "gen"));
});
