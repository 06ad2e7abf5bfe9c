/**
 * Time as the server has it, carried on by a clock that nobody can set: the browser's clock of day decides nothing here.
 * For durations and pauses use `elapsed`, for moments that the server named use `serverNow`.
 */
/** @type {number | null} */
let behindMs = null; // server time less the monotonic clock

/** Milliseconds that only ever go forward. They may stand still while the machine sleeps. */
export const elapsed = () => performance.now();

/** What the server's clock showed (RFC 3339) when its word came. */
export function heardServerTime(/** @type {any} */ time) {
  behindMs = Date.parse(time) - elapsed();
}

/** The moment now by the server's clock, in milliseconds since 1970. Before the server has said it: the browser's. */
export const serverNow = () => (behindMs == null ? Date.now() : behindMs + elapsed());
