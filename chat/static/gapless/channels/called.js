/** Whether a channel or a person is meant by what somebody types: each of the words is somewhere in the name, whatever their case and accents. Pure. */

const folded = (/** @type {string} */ text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const wordsOf = (/** @type {string} */ typed) => folded(typed).split(/[\s#@]+/).filter(Boolean);

/** Nothing typed means everything. */
export function isCalled(/** @type {string} */ name, /** @type {string} */ typed) {
  const inName = folded(name);
  return wordsOf(typed).every((word) => inName.includes(word));
}

export const beginsWith = (/** @type {string} */ name, /** @type {string} */ typed) => folded(name).startsWith(wordsOf(typed).join(" "));
