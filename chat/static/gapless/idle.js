/** Whether the person is at this device: gone after five minutes without a sign, back with the next. */
const IDLE_MS = 5 * 60_000;
const CHECK_MS = 15_000;
const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "focus"];

export class Idle {
  isIdle = false;
  #lastAt = Date.now();
  #changed;

  /** `changed(isIdle)` */
  constructor({ changed }) {
    this.#changed = changed;
    for (const name of SIGNS) addEventListener(name, () => this.#sign(), { passive: true, capture: true });
    setInterval(() => this.#check(), CHECK_MS);
  }

  #sign() {
    this.#lastAt = Date.now();
    if (this.isIdle) this.#become(false);
  }

  #check() {
    if (!this.isIdle && Date.now() - this.#lastAt >= IDLE_MS) this.#become(true);
  }

  #become(isIdle) {
    this.isIdle = isIdle;
    this.#changed(isIdle);
  }
}
