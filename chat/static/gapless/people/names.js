/**
 * What people are called, as last heard: each part of the page that gets people teaches them here, and every place that shows a
 * name or its initials is painted again when it changes. Display names may repeat: where two that look alike have been
 * met, @username stands beside them.
 */

// Letters of other scripts, and figures, that look like Latin ones; the server's table (UTS 39) is longer, this is for the eye.
const LOOKS = new Map("аa еe оo рp сc хx уy іi јj ѕs ԁd ԛq ԝw һh ӏl кk мm тt нh вb αa οo ρp νv ιi κk τt υu γy χx 0o 1l |l il".split(" ").map((pair) => /** @type {[string, string]} */ ([...pair])));

const lookOf = (/** @type {string} */ name) =>
  [...name.normalize("NFKD").replace(/[\p{M}\p{Cf}]/gu, "").toLowerCase()].map((letter) => LOOKS.get(letter) ?? letter).join("");

// Who of the staff speaks to customers has this username there (chat/naming.py): colleagues go by their own names.
const TO_CUSTOMERS = "support-staff";

const people = new Map();
const looks = new Map();

/** Emits `changed` when somebody who was known is called something else. */
export const renames = new EventTarget();

/** Takes people as the server has just said them: the last word on what they are called. */
export function learn(/** @type {any} */ heard) {
  let isRenamed = false;
  for (const person of heard) isRenamed = meet(person) || isRenamed;
  if (isRenamed) renames.dispatchEvent(new Event("changed"));
}

/** The name, with @username where the page has met somebody else who seems to be called so. */
export function nameOf(/** @type {Person} */ person) {
  if (!person) return "";
  if (!people.has(person.id)) meet(person);
  const { display_name: displayed, username, look } = people.get(person.id);
  const name = displayed || username;
  return looks.get(look).size > 1 ? `${name} @${username}` : name;
}

/** The person as last heard of, or as given here. */
export const latest = (/** @type {Person} */ person) => people.get(person?.id) ?? person;

/** Writes the name into the element, and again whenever it changes. */
export function paintName(/** @type {any} */ element, /** @type {Person} */ person) {
  element.textContent = nameOf(person);
  element.dataset.person = person?.id ?? "";
  return element;
}

/** The same for the one or two letters that stand in a person's circle. */
export function paintInitials(/** @type {any} */ element, /** @type {Person} */ person) {
  element.textContent = initials(latest(person));
  element.dataset.initials = person?.id ?? "";
}

// True when somebody who was known is called something else now: the person, or those of the same name.
function meet(/** @type {Person} */ person) {
  if (!person) return false;
  const before = people.get(person.id);
  if (before && person.username === TO_CUSTOMERS) return false;
  if (before?.display_name === person.display_name && before?.username === person.username) return false;
  const look = lookOf(person.display_name || person.username);
  people.set(person.id, { ...person, look });
  const left = before ? (looks.get(before.look) ?? new Set()) : new Set();
  left.delete(person.id);
  const alike = (looks.get(look) ?? new Set()).add(person.id);
  looks.set(look, alike);
  for (const id of new Set([...left, ...alike])) repaint(people.get(id));
  return Boolean(before) || alike.size > 1;
}

function repaint(/** @type {Person} */ person) {
  for (const element of document.querySelectorAll(`[data-person="${person.id}"]`)) element.textContent = nameOf(person);
  for (const element of document.querySelectorAll(`[data-initials="${person.id}"]`)) element.textContent = initials(person);
}

function initials(/** @type {Person} */ person) {
  const words = (person?.display_name || person?.username || "?").trim().split(/\s+/).slice(0, 2);
  return words.map((/** @type {string} */ word) => [...word][0] ?? "").join("").toUpperCase();
}
