import assert from "node:assert/strict";
import { test } from "node:test";
import { begun, broken, coded, linked, looksLikeCode, marked, pasted } from "../../../chat/static/gapless/writing/marks.js";

/** "a |b| c" is "a b c" with "b" selected, "a|b" has the caret between. */
function written(shown) {
  const start = shown.indexOf("|");
  const end = shown.lastIndexOf("|");
  return { text: shown.replaceAll("|", ""), start, end: end === start ? start : end - 1 };
}

function after(shown, act, ...given) {
  const before = written(shown);
  const wanted = act(before, ...given);
  if (!wanted) return null;
  const { from, to, put, select } = wanted;
  const text = before.text.slice(0, from) + put + before.text.slice(to);
  const [start, end] = select.map((place) => place + from);
  return start === end ? `${text.slice(0, start)}|${text.slice(start)}` : `${text.slice(0, start)}|${text.slice(start, end)}|${text.slice(end)}`;
}

test("a mark is set around what is selected, or the word at the caret, and taken away again", () => {
  for (const [before, wanted] of [
    ["a |b| c", "a **|b|** c"],
    ["a **|b|** c", "a |b| c"],
    ["a |**b**| c", "a |b| c"],
    ["wo|rd", "**wo|rd**"],
    ["**wo|rd**", "wo|rd"],
    ["a | c", "a **|** c"],
    ["a |b | c", "a **|b|**  c"],
    ["*|b|*", "***|b|***"],
  ])
    assert.equal(after(before, marked, "**"), wanted, before);
  assert.equal(after("**|b|**", marked, "_"), "**_|b|_**");
  assert.equal(after("日|本", marked, "~~"), "~~日|本~~");
});

test("code is a word in a line and a block over several", () => {
  assert.equal(after("use |ls| here", coded), "use `|ls|` here");
  assert.equal(after("so:\n|a\nb|", coded), "so:\n```\na\nb\n```\n|");
  assert.equal(after("so: |a\n```\nb|", coded), "so: \n````\na\n```\nb\n````\n|");
});

test("a link asks for what is missing", () => {
  assert.equal(after("see |this|", linked), "see [this](|https://|)");
  assert.equal(after("see |https://a.org|", linked), "see [|](https://a.org)");
  assert.equal(after("see |", linked), "see [|](https://)");
});

test("quotes and lists are set before each line and taken away again", () => {
  assert.equal(after("a|", begun, "> "), "> a|");
  assert.equal(after("|a\nb|", begun, "- "), "|- a\n- b|");
  assert.equal(after("|- a\n- b|", begun, "- "), "|a\nb|");
});

test("a list goes on with the next line and ends at an empty item", () => {
  for (const [before, wanted] of [
    ["- a|", "- a\n- |"],
    ["* a|b", "* a\n* |b"],
    ["9. a|", "9. a\n10. |"],
    ["  1) a|", "  1) a\n  2) |"],
    ["- [x] a|", "- [x] a\n- [ ] |"],
    ["> a|", "> a\n> |"],
    [">a|", ">a\n>|"],
    ["- a\n- |", "- a\n\n|"],
    ["> |", "|"],
    ["a|", "a\n|"],
    ["-a|", "-a\n|"],
    ["|- a", "\n|- a"],
    ["- |a|", "- \n- |"],
    ["```\n  a|", "```\n  a\n  |"],
    ["```\n- a|", "```\n- a\n|"],
    ["```\na\n```\n- a|", "```\na\n```\n- a\n- |"],
  ])
    assert.equal(after(before, broken), wanted, before);
});

test("an address over words makes a link of them", () => {
  assert.equal(after("see |this|", pasted, " https://a.org/b\n"), "see [this](https://a.org/b)|");
  for (const [before, given] of [["see |", "https://a.org"], ["|https://b.org|", "https://a.org"], ["|a\nb|", "https://a.org"], ["see |this|", "a.org"], ["```\n|a|", "https://a.org"]])
    assert.equal(after(before, pasted, given), null, before);
});

test("lines of code become a block, with their indentation, and prose stays", () => {
  assert.equal(after("so: |", pasted, "if (a) {\n  b();\n}\n"), "so: \n```\nif (a) {\n  b();\n}\n```\n|");
  for (const code of ["def f(x):\n    return x", "const a = 1;\nconst b = 2;", "<ul>\n  <li>a</li>\n</ul>", "version: 1.0\nconfig:\n  - stage: boot\n    tasks: []", "SELECT a.*\n  FROM b WHERE c = 1;"])
    assert.equal(looksLikeCode(code), true, code);
  for (const prose of ["Hello,\nhow are you?", "- a\n- b\n- c", "> said\n> before", "1. one\n2. two", "Dear all,\n\nwe meet at 10:30 (room 3).\nBring: cake.", "one line();", "```\na;\nb;\n```", "Name: Bob\nCity: Ulm"])
    assert.equal(looksLikeCode(prose), false, prose);
});
