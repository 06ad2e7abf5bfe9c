/** How long somebody waits and what is due, in words and in one of three colours. */
import { serverNow } from "../client/clock.js";

/** "3 min", "2 h 5 min", "4 days": at least a minute. */
export function span(/** @type {number} */ ms) {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 && hours < 10 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} days`;
}

export const waits = (/** @type {Ticket} */ row) => (row.waiting_since ? `waits ${span(serverNow() - Date.parse(row.waiting_since))}` : "");

/** {words, level: "late" | "soon" | "fine"} of what is due first, or null. */
export function dueOf(/** @type {Ticket} */ row) {
  /** @type {[string, string | null][]} */
  const dues = [["answer", row.first_due], ["answer", row.next_due], ["solution", row.solve_due]];
  const [what, at] = dues.filter(([, due]) => due).sort(([, a], [, b]) => Date.parse(/** @type {string} */ (a)) - Date.parse(/** @type {string} */ (b)))[0] ?? [];
  if (!at) return null;
  const left = Date.parse(at) - serverNow();
  if (left < 0) return { words: `${what} ${span(-left)} late`, level: "late" };
  return { words: `${what} due in ${span(left)}`, level: left < 15 * 60_000 ? "soon" : "fine" };
}
