/** One question after each time that it was resolved: how was it? Asked once; whether it was answered, the server knows too. */
import { make } from "./log.js";

/** How high the corners of the mouth are and how low its middle is. */
const MOUTHS = [[17, 12], [16.5, 14], [15.5, 15.5], [14.5, 18], [14, 20.5]];
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
    const faces = MOUTHS.map(([corner, middle], place) => {
      const button = make("button", "face", face(corner, middle));
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

function face(/** @type {number} */ corner, /** @type {number} */ middle) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = svg.appendChild(document.createElementNS(svg.namespaceURI, "path"));
  line.setAttribute("d", `M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 1 0 0-19ZM8.6 9.2v.7M15.4 9.2v.7M7.8 ${corner}Q12 ${middle} 16.2 ${corner}`);
  return svg;
}
