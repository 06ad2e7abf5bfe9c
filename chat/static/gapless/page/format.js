/** Turns numbers, times and bodies into what people read; "today" and "ago" by the server's clock, in the browser's zone. */
import { serverNow } from "../client/clock.js";

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const fullFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const yearFormat = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const shortFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const shortYearFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

export const clock = (/** @type {Date} */ date) => clockFormat.format(date);
export const clockParts = (/** @type {Date} */ date) => clockFormat.formatToParts(date);
export const fullTime = (/** @type {Date} */ date) => fullFormat.format(date);
export const isSameDay = (/** @type {any} */ a, /** @type {any} */ b) => a.toDateString() === b.toDateString();
export const longDay = (/** @type {Date} */ date) => yearFormat.format(date);
export const plural = (/** @type {number} */ count, /** @type {any} */ one, many = `${one}s`) => `${count.toLocaleString()} ${count === 1 ? one : many}`;
export const seconds = (/** @type {number} */ ms) => Math.max(1, Math.ceil(ms / 1000));

const today = () => new Date(serverNow());

/** "15:42" for today, else with the day. */
export const whenName = (/** @type {Date} */ date) => (isSameDay(date, today()) ? clock(date) : `${dayName(date)}, ${clock(date)}`);

/** As short as it can be told from others: the time today, else the day. */
export function shortName(/** @type {Date} */ date) {
  if (isSameDay(date, today())) return clock(date);
  return (date.getFullYear() === today().getFullYear() ? shortFormat : shortYearFormat).format(date);
}

export function dayName(/** @type {Date} */ date) {
  const now = today();
  if (isSameDay(date, now)) return "Today";
  if (isSameDay(date, new Date(now.getTime() - 86_400_000))) return "Yesterday";
  return (date.getFullYear() === now.getFullYear() ? dayFormat : yearFormat).format(date);
}

const agoFormat = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const AGO_STEPS = [["minute", 60], ["hour", 3_600], ["day", 86_400]];

/** "just now", "5 min. ago", "yesterday"; from a week on the day itself. */
export function ago(/** @type {Date} */ date) {
  const passed = (serverNow() - date.getTime()) / 1000;
  if (passed < 60) return "just now";
  if (passed >= 7 * 86_400) return `on ${dayName(date)}`;
  const [unit, size] = AGO_STEPS.findLast(([, size]) => passed >= size) ?? AGO_STEPS[0];
  return agoFormat.format(-Math.floor(passed / size), unit);
}

/** A text as nodes, with these words marked; a long one is cut so that the first of them is seen. */
export function marked(/** @type {string} */ text, /** @type {string[]} */ words, /** @type {number} */ most) {
  const any = new RegExp(words.map((/** @type {string} */ word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|") || "$^", "giu");
  const first = Math.max(0, text.search(any));
  const start = text.length > most ? Math.max(0, first - most / 4) : 0;
  const part = `${start ? "…" : ""}${text.slice(start, start + most)}${start + most < text.length ? "…" : ""}`;
  const nodes = [];
  let end = 0;
  for (const match of part.matchAll(any)) {
    nodes.push(part.slice(end, match.index), markOf(match[0]));
    end = match.index + match[0].length;
  }
  return [...nodes, part.slice(end)].filter((node) => node !== "");
}

function markOf(/** @type {string} */ text) {
  const mark = document.createElement("mark");
  mark.textContent = text;
  return mark;
}

/** "You, Alice and 3 others". Who has left long ago has no name here. */
export function sentence(/** @type {(string | null)[]} */ names) {
  const said = /** @type {string[]} */ (names.filter(Boolean)).sort((a, b) => Number(b === "You") - Number(a === "You")).slice(0, 15);
  const rest = names.length - said.length;
  const all = rest ? [...said, rest === 1 ? (said.length ? "1 other" : "1 person") : `${rest} ${said.length ? "others" : "people"}`] : said;
  return all.length < 2 ? (all[0] ?? "") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}
