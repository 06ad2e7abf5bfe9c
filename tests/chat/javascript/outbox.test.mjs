import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Outbox } from "../../../chat/static/gapless/client/outbox.js";
import { openTab } from "./stage/browser.mjs";

let shared;
beforeEach(() => {
  shared = openTab();
});

const bodies = (drafts) => drafts.map(({ body }) => body);

test("drafts go out in the order in which they were written, channel by channel", () => {
  const outbox = new Outbox(1);
  for (const body of ["one", "two", "three"]) outbox.add({ channel: body === "two" ? 8 : 7, body });
  assert.deepEqual(bodies(outbox.all()), ["one", "two", "three"]);
  assert.deepEqual(bodies(outbox.of(7)), ["one", "three"]);
  assert.equal(outbox.next(7).body, "one");
});

test("a draft survives a reload of its tab, and no other person sees it", () => {
  new Outbox(1).add({ channel: 7, body: "kept" });
  assert.deepEqual(bodies(new Outbox(1).all()), ["kept"]);
  assert.deepEqual(new Outbox(2).all(), []);
});

test("another tab leaves a living tab's drafts alone", () => {
  new Outbox(1).add({ channel: 7, body: "mine" });
  openTab(shared);
  assert.deepEqual(new Outbox(1).all(), []);
});

test("what the browser has no room for is known to be lost with the page", () => {
  const outbox = new Outbox(1);
  outbox.add({ channel: 7, body: "kept" });
  assert.equal(outbox.isUnkept, false);
  shared.isFull = true;
  const draft = outbox.add({ channel: 7, body: "not kept" });
  assert.equal(outbox.isUnkept, true);
  outbox.remove(draft.client_msg_id);
  assert.equal(outbox.isUnkept, false);
});

test("a failed draft is not sent again by itself", () => {
  const outbox = new Outbox(1);
  const draft = outbox.add({ channel: 7, body: "refused" });
  outbox.add({ channel: 7, body: "next" });
  outbox.save(Object.assign(draft, { state: "failed" }));
  assert.equal(outbox.next(7).body, "next");
});

test("what another tab has sent does not come back", () => {
  const outbox = new Outbox(1);
  const draft = outbox.add({ channel: 7, body: "sent elsewhere" });
  shared.removeItem(`gapless.outbox.1.${draft.client_msg_id}`);
  outbox.save(draft);
  assert.equal(outbox.next(7), undefined);
  assert.deepEqual(outbox.all(), []);
});

test("a full storage keeps nothing over a reload, and the message still goes out", () => {
  shared.isFull = true;
  const outbox = new Outbox(1);
  outbox.add({ channel: 7, body: "unkept" });
  assert.equal(outbox.next(7).body, "unkept");
  assert.deepEqual(new Outbox(1).all(), []);
});

test("a draft whose name is taken gets another, in the same place", () => {
  const outbox = new Outbox(1);
  const draft = outbox.add({ channel: 7, body: "one" });
  outbox.add({ channel: 7, body: "two" });
  const before = draft.client_msg_id;
  outbox.rename(draft);
  assert.notEqual(draft.client_msg_id, before);
  assert.deepEqual(bodies(outbox.all()), ["one", "two"]);
});
