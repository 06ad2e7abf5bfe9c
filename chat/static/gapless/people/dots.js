/** How presence looks: a dot whose shape says it as well as its colour, the word for it, and how long ago. */
import { avatar, icon, make, setIcon } from "../page/dom.js";
import { ago, fullTime } from "../page/format.js";

/** @type {Record<string, any>} */
const WORDS = {
  online: "Online",
  away: "Away",
  busy: "Busy",
  offline: "Offline",
  invisible: "Invisible",
  unknown: "Presence unknown",
};
const FRESH_MS = 20_000;

export const wordOf = (/** @type {string} */ status) => WORDS[status] ?? WORDS.unknown;

/** A dot with its word for screen readers; `paintDot` changes it. */
export function dot(status = "unknown") {
  return paintDot(make("span", { class: "dot" }, icon("presence-unknown"), make("span", { class: "visually-hidden" })), status);
}

export function paintDot(/** @type {any} */ element, /** @type {string} */ status) {
  const known = status in WORDS ? status : "unknown";
  if (element.dataset.status === known) return element;
  element.dataset.status = known;
  element.title = WORDS[known];
  setIcon(element.firstElementChild, `presence-${known === "invisible" ? "offline" : known}`);
  element.lastElementChild.textContent = `${WORDS[known]}, `;
  return element;
}

/** A person's circle with the dot at its edge. */
export function avatarWithDot(/** @type {Person} */ person, /** @type {string} */ status, { small = false } = {}) {
  return make("span", { class: small ? "with-dot small" : "with-dot" }, avatar(person, { small }), dot(status));
}

/** What is said of somebody in a line: what they do, or how long they have been gone. */
export function presenceText(/** @type {PresenceState} */ { status, activity, last_seen: lastSeen }) {
  if (activity && status !== "offline") return [make("span", { textContent: activity, title: activity, dir: "auto" })];
  if (status === "offline" && lastSeen) return ["last seen ", agoTime(new Date(lastSeen))];
  return [wordOf(status)];
}

function agoTime(/** @type {Date} */ date) {
  return make("time", { class: "ago", dateTime: date.toISOString(), title: fullTime(date), textContent: ago(date) });
}

// Kept fresh wherever they stand.
setInterval(() => {
  for (const time of document.querySelectorAll("time.ago")) time.textContent = ago(new Date(time.dateTime));
}, FRESH_MS);
