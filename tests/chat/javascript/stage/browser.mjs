/** What a module asks of the browser without a page: storage that can refuse, and a clock that is moved by hand. */
import { mock } from "node:test";

export class Storage {
  isFull = false;

  getItem(key) {
    return Object.hasOwn(this, key) ? this[key] : null;
  }

  setItem(key, value) {
    if (this.isFull) throw new Error("full");
    this[key] = String(value);
  }

  removeItem(key) {
    delete this[key];
  }
}

/** A new tab of the browser: its own session, and the storage that all tabs share. */
export function openTab(shared = new Storage()) {
  globalThis.sessionStorage = new Storage();
  globalThis.localStorage = shared;
  return shared;
}

/** `performance.now` and timers stand still but for the test; `pass(ms)` moves both and lets promises settle. */
export function standStill() {
  let now = 1_000;
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: Date.parse("2026-03-14T12:00:00Z") });
  mock.method(performance, "now", () => now);
  return async (ms) => {
    now += ms;
    mock.timers.tick(ms);
    await settle();
  };
}

export async function settle() {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
