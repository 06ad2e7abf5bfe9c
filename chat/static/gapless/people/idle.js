/** Whether the person is at this device: gone after five minutes without a sign, back with the next. */
import { elapsed } from "../client/clock.js";

const IDLE_MS = 5 * 60_000;
const CHECK_MS = 15_000;
const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "focus"];

export class Idle {
  isIdle = false;
  #lastAt = elapsed();
  #changed;

  /** `changed(isIdle)` */
  constructor(/** @type {{ changed: Callback }} */ { changed }) {
    this.#changed = changed;
    for (const name of SIGNS) addEventListener(name, () => this.#sign(), { passive: true, capture: true });
    setInterval(() => this.#check(), CHECK_MS);
  }

  #sign() {
    this.#lastAt = elapsed();
    if (this.isIdle) this.#become(false);
  }

  #check() {
    if (!this.isIdle && elapsed() - this.#lastAt >= IDLE_MS) this.#become(true);
  }

  #become(/** @type {boolean} */ isIdle) {
    this.isIdle = isIdle;
    this.#changed(isIdle);
  }
}
