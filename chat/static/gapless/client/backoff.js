/** How long to wait before the same is asked again: with jitter, so that who was sent away together comes back apart. */
const FIRST_SECONDS = 1;
const MOST_SECONDS = 30;

/** Seconds, after so many refusals (1, 2, …): never sooner than the server named; else full jitter, twice as long each time. */
export function pause(/** @type {number} */ refusals, /** @type {number | null} */ retryAfter = null) {
  if (retryAfter) return retryAfter + Math.random() * FIRST_SECONDS;
  return Math.random() * Math.min(MOST_SECONDS, FIRST_SECONDS * 2 ** (refusals - 1));
}

/** Something that is asked again by itself after each refusal that may pass, until it has succeeded. */
export class Persistence {
  #refusals = 0;
  /** @type {any} */ #timer = null;

  /** False when asking again would be answered the same: the caller's person has to decide. */
  later(/** @type {{ status: number, retryAfter?: number | null }} */ { status, retryAfter = null }, /** @type {Callback} */ ask) {
    const mayPass = !status || status === 429 || status >= 500;
    this.hold();
    if (mayPass) this.#timer = setTimeout(ask, pause(++this.#refusals, retryAfter) * 1000);
    return mayPass;
  }

  /** It is being asked, or no longer wanted now; what was refused still counts. */
  hold() {
    clearTimeout(this.#timer);
  }

  succeeded() {
    this.hold();
    this.#refusals = 0;
  }
}
