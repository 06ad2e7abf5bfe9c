/** Emoji in what people write: `:name:` becomes one while it is written, a button opens the picker, and alone they stand large. */
import { tone } from "../emoji/choices.js";
import { isLarge } from "../emoji/large.js";
import * as dialogs from "../page/dialogs.js";
import { byId, make } from "../page/dom.js";
import { feature } from "../page/feature.js";
import { lazily } from "../page/lazy.js";

const NAME = /(?<![\p{L}\p{N}_:/]):([\p{L}\p{N}_+-]{2,})$/u;
const WHOLE = /(?<![\p{L}\p{N}_:/]):([\p{L}\p{N}_+-]+):$/u;
const MOST = 8;

feature(({ completions, openers, timeline }) => {
  timeline.parts.push((row, { body, deleted_at: deletedAt }) => row.classList.toggle("is-large", !deletedAt && isLarge(body)));
  completions.push({ pattern: NAME, find: async (part) => (await named(part, MOST)).map(choiceOf) });
  const box = byId("composer-body");
  box.addEventListener("input", () => replaceName(box));
  openers.emoji = () => pickInto(box);
});

/** @returns {Promise<{ text: string, code: string }[]>} */
async function named(/** @type {string} */ part, /** @type {number} */ most) {
  const words = await lazily("picker");
  return words.named(part, most).map((/** @type {any} */ { emoji, code }) => ({ text: words.toned(emoji, tone()), code }));
}

const choiceOf = (/** @type {{ text: string, code: string }} */ { text, code }) => ({
  text, parts: [make("span", { class: "suggestion-sign emoji", textContent: text }), make("span", { textContent: `:${code}:` })],
});

// With its second colon a name is meant: it needs no choosing.
async function replaceName(/** @type {any} */ box) {
  const before = box.value.slice(0, box.selectionStart);
  const match = WHOLE.exec(before);
  const [found] = match ? await named(match[1], 1).catch(() => []) : [];
  const isStill = box.selectionStart === before.length && box.value.startsWith(before);
  if (match && isStill && found?.code === match[1].toLowerCase()) insert(box, found.text, match.index, before.length);
}

async function pickInto(/** @type {any} */ box) {
  try {
    (await lazily("picker")).pick(byId("composer-emoji").getBoundingClientRect(), {
      choose: (/** @type {string} */ text) => insert(box, text, box.selectionStart, box.selectionEnd),
    });
  } catch ({ detail }) {
    dialogs.say(detail);
  }
}

function insert(/** @type {any} */ box, /** @type {string} */ text, /** @type {number} */ start, /** @type {number} */ end) {
  box.focus();
  box.setRangeText(text, start, end, "end");
  box.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertReplacementText" }));
}
