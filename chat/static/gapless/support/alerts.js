/** New work is heard and seen: a short tone, where the person wants it, and a number in the title. */
const KEY = "gapless.desk.sound";

export class Alerts {
  #title = document.title;
  /** @type {AudioContext | null} */ #audio = null;

  get isLoud() {
    try {
      return localStorage.getItem(KEY) !== "off";
    } catch {
      return true;
    }
  }

  set isLoud(wanted) {
    try {
      localStorage.setItem(KEY, wanted ? "on" : "off");
    } catch {
      // It holds as long as the page does not ask again.
    }
  }

  count(/** @type {number} */ waiting) {
    document.title = waiting ? `(${waiting}) ${this.#title}` : this.#title;
  }

  /** Browsers allow sound only once the person has touched the page; before that it is silent. */
  ring() {
    if (!this.isLoud || !globalThis.AudioContext || !navigator.userActivation?.hasBeenActive) return;
    this.#audio ??= new AudioContext();
    const now = this.#audio.currentTime;
    const loudness = this.#audio.createGain();
    loudness.gain.setValueAtTime(0.0001, now);
    loudness.gain.exponentialRampToValueAtTime(0.12, now + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.0001, now + 0.5);
    loudness.connect(this.#audio.destination);
    for (const [place, frequency] of [660, 880].entries()) {
      const tone = this.#audio.createOscillator();
      tone.frequency.value = frequency;
      tone.connect(loudness);
      tone.start(now + place * 0.12);
      tone.stop(now + 0.5);
    }
  }
}
