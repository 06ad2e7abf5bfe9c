/** For what may never be answered. Knows neither what is asked nor of whom. */

/** What `ask(signal)` resolves to; after so long its signal is aborted, as it is with the one that is given. */
export async function within(/** @type {number} */ ms, /** @type {(signal: AbortSignal) => Promise<any>} */ ask, /** @type {AbortSignal[]} */ ...signals) {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), ms);
  try {
    return await ask(AbortSignal.any([patience.signal, ...signals]));
  } finally {
    clearTimeout(timer);
  }
}
