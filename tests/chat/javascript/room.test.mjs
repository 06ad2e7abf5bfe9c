import assert from "node:assert/strict";
import { test } from "node:test";
import { roomOf } from "../../../chat/static/gapless/writing/room.js";

test("near the limit the room is told in characters, exactly for plain letters", () => {
  assert.deepEqual(roomOf("x".repeat(1_800), 2_048), { over: 0, sentence: "" });
  assert.equal(roomOf("x".repeat(1_948), 2_048).sentence, "100 characters left");
  assert.equal(roomOf("x".repeat(2_047), 2_048).sentence, "1 character left");
  assert.equal(roomOf("x".repeat(2_048), 2_048).sentence, "0 characters left");
  assert.equal(roomOf("é".repeat(974), 2_048).sentence, "About 50 characters left");
});

test("what is too long says how many characters at its end do not fit, however many bytes they have", () => {
  assert.deepEqual(roomOf("x".repeat(2_049), 2_048), { over: 1, sentence: "Too long: the last character does not fit." });
  assert.equal(roomOf("👩‍🚀".repeat(190), 2_048).over, 190 - Math.floor(2_048 / 11), "11 bytes an astronaut");
  assert.equal(roomOf("€".repeat(683), 2_048).over, 1);
  assert.equal(roomOf("a".repeat(30_000), 2_048).sentence, `Too long: the last ${(27_952).toLocaleString()} characters do not fit.`);
});
