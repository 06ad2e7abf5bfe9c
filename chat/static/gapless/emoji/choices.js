/** Which emoji a person has chosen lately, and in which skin tone. Kept in this browser. */
const RECENT = "gapless.emoji.recent";
const TONE = "gapless.emoji.tone";
const MOST_RECENT = 27;
const TONES = ["", "🏻", "🏼", "🏽", "🏾", "🏿"];

export const recent = () => {
  const kept = read(RECENT)?.split(" ").filter(Boolean) ?? [];
  return kept.slice(0, MOST_RECENT);
};

export const remember = (/** @type {string} */ emoji) => write(RECENT, [emoji, ...recent().filter((each) => each !== emoji)].slice(0, MOST_RECENT).join(" "));

/** 0: without one; 1 to 5: light to dark. */
export const tone = () => Math.min(5, Number(read(TONE)) || 0);
export const chooseTone = (/** @type {number} */ chosen) => write(TONE, String(chosen));

/** An emoji of one sign that has tones, in the chosen one. */
export const inTone = (/** @type {string} */ emoji) => emoji + TONES[tone()];

function read(/** @type {string} */ key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(/** @type {string} */ key, /** @type {string} */ value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Not kept: the next time begins anew.
  }
}
