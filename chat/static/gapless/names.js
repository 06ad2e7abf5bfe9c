/** What people are called: display names may repeat, and where two that look alike have been met, @username stands beside them. */

// Letters of other scripts, and figures, that look like Latin ones; the server's table (UTS 39) is longer, this is for the eye.
const LOOKS = new Map("аa еe оo рp сc хx уy іi јj ѕs ԁd ԛq ԝw һh ӏl кk мm тt нh вb αa οo ρp νv ιi κk τt υu γy χx 0o 1l |l il".split(" ").map((pair) => [...pair]));

const lookOf = (name) =>
  [...name.normalize("NFKD").replace(/[\p{M}\p{Cf}]/gu, "").toLowerCase()].map((letter) => LOOKS.get(letter) ?? letter).join("");

const people = new Map();
const looks = new Map();

/** The name, with @username where the page has met somebody else who seems to be called so. */
export function nameOf(person) {
  if (!person) return "";
  meet(person);
  const name = person.display_name || person.username;
  return looks.get(lookOf(name)).size > 1 ? `${name} @${person.username}` : name;
}

/** Writes the name into the element, and again when somebody of the same name comes. */
export function paintName(element, person) {
  element.textContent = nameOf(person);
  element.dataset.person = person?.id ?? "";
}

function meet(person) {
  const look = lookOf(person.display_name || person.username);
  const before = people.get(person.id);
  people.set(person.id, { ...person, look });
  if (before?.look === look) return;
  if (before) looks.get(before.look).delete(person.id);
  const alike = looks.get(look) ?? new Set();
  looks.set(look, alike.add(person.id));
  if (alike.size > 1) for (const id of alike) repaint(id);
}

function repaint(id) {
  for (const element of document.querySelectorAll(`[data-person="${id}"]`)) element.textContent = nameOf(people.get(id));
}
