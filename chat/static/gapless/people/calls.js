/** Which of a message's `@words` call somebody: painted in its row, stronger where it is the reader. Knows the markup that `markdown/words.js` makes. */

/** They call everybody in the channel. */
export const EVERYBODY = ["here", "channel"];

/** `usernameOf(id)`: null of somebody whom the page has not met. */
export function paintCalls(/** @type {any} */ row, /** @type {Message} */ { mentions, sender }, /** @type {{ me: Me, usernameOf: (id: number) => string | null }} */ { me, usernameOf }) {
  const { users = [], everyone = false } = mentions ?? {};
  row.classList.toggle("calls-me", sender?.id !== me.id && (everyone || users.includes(me.id)));
  const words = [...row.querySelectorAll(".body [data-call]")];
  const named = new Map(users.map((id) => [bare(id === me.id ? me.username : (usernameOf(id) ?? "")), id]));
  const strangers = words.filter((word) => !named.has(nameIn(word)) && !EVERYBODY.includes(nameIn(word)));
  // Somebody who has left is met no more: of as many words that name nobody else, they are meant.
  const isMeant = new Set(strangers.map(nameIn)).size === users.filter((id) => id !== me.id && !usernameOf(id)).length;
  for (const word of words) {
    const isAll = everyone && EVERYBODY.includes(nameIn(word));
    word.classList.toggle("call", isAll || named.has(nameIn(word)) || (isMeant && strangers.includes(word)));
    word.classList.toggle("is-mine", (isAll && sender?.id !== me.id) || named.get(nameIn(word)) === me.id);
  }
}

const bare = (/** @type {string} */ name) => name.toLowerCase().replace(/[._-]+$/, "");
const nameIn = (/** @type {any} */ word) => bare(word.dataset.call);
