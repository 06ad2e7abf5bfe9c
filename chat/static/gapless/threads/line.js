/** The line under a root that says how many have replied, who, and when; under a reply that is in the channel too, whence it is. */
import { ago, fullTime, plural } from "../page/format.js";
import { paintAvatar, make } from "../page/dom.js";

/** `personOf(id)`: who is known by then. `isInThread`: the row stands in the thread itself, where nothing leads to it. `isUnread`: the person has not read all of it. */
export function showLine(/** @type {any} */ row, /** @type {any} */ message, /** @type {{ personOf: Callback, isInThread: boolean, isUnread: boolean }} */ { personOf, isInThread, isUnread }) {
  const line = row.querySelector(".thread-line");
  const count = message.replies?.count ?? 0;
  line.hidden = isInThread || !(count || (message.thread && message.id));
  if (line.hidden) return;
  const [faces, words, when] = line.children;
  faces.replaceChildren(...(count ? (message.repliers ?? []).map((/** @type {number} */ id) => face(personOf(id) ?? { id })) : []));
  words.textContent = count ? plural(count, "reply", "replies") : "Said in a thread";
  line.classList.toggle("is-unread", isUnread);
  line.title = isUnread ? "Unread replies" : "";
  when.hidden = !count;
  if (count) showTime(when, message.replied_at);
}

/** Times are told from now: again now and then. */
export function refreshTimes(/** @type {any} */ list) {
  for (const time of list.querySelectorAll(".thread-line:not([hidden]) time:not([hidden])")) showTime(time, time.dateTime);
}

function showTime(/** @type {any} */ time, /** @type {string} */ at) {
  const date = new Date(at);
  time.dateTime = at;
  time.textContent = ago(date);
  time.title = fullTime(date);
}

const face = (/** @type {any} */ person) => paintAvatar(make("span", { class: "avatar small", "aria-hidden": "true" }), person);
