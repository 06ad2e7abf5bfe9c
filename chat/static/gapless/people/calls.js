/** Which of a message's `@words` call somebody: painted in its row, stronger where it is the reader. Knows the markup that `markdown/words.js` makes. */

/** They call everybody in the channel. */
export const EVERYBODY = ["here", "channel"];

/** `usernameOf(id)`: null of somebody whom the page has not met. */
export function paintCalls(/** @type {any} */ row, /** @type {Message} */ { mentions, sender }, /** @type {{ me: Me, usernameOf: (id: number) => string | null }} */ { me, usernameOf }) {
  const { users = [], everyone = false } = mentions ?? {};
  row.classList.toggle("calls-me", sender?.id !== me.id && (everyone || users.includes(me.id)));
  const words = [...row.querySelectorAll(".body [data-call]")];
  const nameOf = (/** @type {number} */ id) => bare(id === me.id ? me.username : (usernameOf(id) ?? ""));
  const called = new Map(users.map((id) => [nameOf(id), id]));
  const said = new Set(words.map(nameIn).filter((name) => !EVERYBODY.includes(name)));
  const strangers = [...said].filter((name) => !called.has(name));
  // Who has left is met no more, and who was renamed is not called so any more: of as many words that name nobody else, they are meant.
  const unnamed = users.filter((id) => !said.has(nameOf(id)));
  if (strangers.length === unnamed.length) for (const name of strangers) called.set(name, unnamed.length === 1 ? unnamed[0] : 0);
  for (const word of words) {
    const name = nameIn(word);
    const isAll = everyone && EVERYBODY.includes(name);
    if (called.get(name)) word.dataset.user = called.get(name);
    else delete word.dataset.user;
    word.classList.toggle("call", isAll || called.has(name));
    word.classList.toggle("is-mine", (isAll && sender?.id !== me.id) || called.get(name) === me.id);
  }
}

const bare = (/** @type {string} */ name) => name.toLowerCase().replace(/[._-]+$/, "");
const nameIn = (/** @type {any} */ word) => bare(word.dataset.call);
