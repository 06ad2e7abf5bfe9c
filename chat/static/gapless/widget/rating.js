/** One question after each time that it was resolved: how was it? Asked once; whether it was answered, the server knows too. */
import { make } from "./log.js";

const FACES = ["😞", "🙁", "😐", "🙂", "😀"];
const KEPT = "rated";
const WORDS = ["Very bad", "Bad", "So-so", "Good", "Very good"];

export class Rating {
  #element;
  #talk;
  #store;
  #asked = 0;

  constructor(/** @type {any} */ element, /** @type {import("./talk.js").Talk} */ talk, /** @type {import("./store.js").Store} */ store) {
    this.#element = element;
    this.#talk = talk;
    this.#store = store;
  }

  draw(/** @type {any[]} */ messages) {
    const resolved = messages.findLast(({ event }) => event?.type === "conversation.resolved");
    const isOver = resolved && !messages.some(({ event, seq }) => event?.type === "conversation.reopened" && seq > resolved.seq);
    const isAsked = isOver && "asks" in this.#element.dataset && this.#store.get(KEPT) !== resolved.id;
    this.#element.hidden = !isAsked;
    if (isAsked && this.#asked !== resolved.id) this.#ask(resolved);
  }

  #ask(/** @type {any} */ resolved) {
    this.#asked = resolved.id;
    const faces = FACES.map((face, place) => {
      const button = make("button", "face", face);
      button.type = "button";
      button.setAttribute("aria-label", WORDS[place]);
      button.title = WORDS[place];
      button.addEventListener("click", () => this.#answer(resolved, place + 1));
      return button;
    });
    this.#element.replaceChildren(make("p", "", "How was it?"), make("div", "faces", ...faces));
  }

  async #answer(/** @type {any} */ resolved, /** @type {number} */ score) {
    try {
      await this.#talk.rate(score);
    } catch (trouble) {
      if (trouble.status !== 409) return this.#say(trouble.detail);
    }
    this.#say("Thank you!");
    this.#store.set(KEPT, resolved.id);
  }

  #say(/** @type {string} */ sentence) {
    this.#element.replaceChildren(make("p", "", sentence));
  }
}
