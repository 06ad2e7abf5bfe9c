/** The emoji by what they are called: all of them in groups, those that fit some words, and those whose `:name:` begins so. */
import { TABLE } from "./table.js";

/** @typedef {{ text: string, name: string, codes: string[], words: string, tones: string[] }} Emoji */

const TITLES = ["Smileys", "People", "Animals and nature", "Food and drink", "Travel and places", "Activities", "Objects", "Symbols", "Flags"];

/** @type {{ title: string, emoji: Emoji[] }[]} */
export const GROUPS = TABLE.map((rows, place) => ({
  title: TITLES[place],
  emoji: rows.map(([text, name, codes, words, tones = ""]) => ({ text, name, codes: codes.split(" "), words: `${name} ${codes.replaceAll("_", " ")} ${words}`.toLowerCase(), tones: tones.split(" ").filter(Boolean) })),
}));

const ALL = GROUPS.flatMap(({ emoji }) => emoji);
const byText = new Map(ALL.flatMap((each) => [each.text, ...each.tones].map((text) => [text, each])));

/** The emoji that this is, in whatever tone. */
export const known = (/** @type {string} */ text) => byText.get(text);

export const toned = (/** @type {Emoji} */ { text, tones }, /** @type {number} */ tone) => (tone && tones[tone - 1]) || text;

/** Those in which each word begins a word; those called so come first. */
export function search(/** @type {string} */ asked, /** @type {number} */ most) {
  const words = asked.toLowerCase().replace(/[_:]/g, " ").split(/\s+/).filter(Boolean);
  const fits = (/** @type {Emoji} */ each) => words.every((word) => ` ${each.words}`.includes(` ${word}`));
  const rank = (/** @type {Emoji} */ { name, codes }) => 2 * Number(!codes.includes(words.join("_"))) + Number(!name.toLowerCase().startsWith(words[0] ?? ""));
  return words.length ? ALL.filter(fits).sort((a, b) => rank(a) - rank(b)).slice(0, most) : [];
}

/** Those with a `:name:` that has this in it, the ones that begin so first: [{emoji, code}]. */
export function named(/** @type {string} */ part, /** @type {number} */ most) {
  const wanted = part.toLowerCase();
  const found = ALL.flatMap((emoji) => emoji.codes.filter((code) => code.includes(wanted)).slice(0, 1).map((code) => ({ emoji, code })));
  const rank = (/** @type {{ code: string }} */ { code }) => (code === wanted ? 0 : code.startsWith(wanted) ? 1 : 2);
  return found.sort((a, b) => rank(a) - rank(b) || a.code.length - b.code.length).slice(0, most);
}
