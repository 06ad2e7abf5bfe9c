/** Says that the connection is away: nothing for 5 s from the first doubt, then a sentence with a countdown and a button. */
import { elapsed } from "../client/clock.js";
import { byId } from "./dom.js";
import { seconds } from "./format.js";

const PATIENCE_MS = 5_000;
/** @type {Record<string, any>} */
const ENDINGS = {
  4500: ["You have been signed out. This browser keeps your unsent messages.", "Sign in", () => (location.href = document.body.dataset.signIn ?? "/")],
  4501: ["Your account has been suspended, so you can't send or receive messages. Ask an owner of the team.", null, null],
  4502: ["This page is older than the server and no longer works with it. Your unsent messages are kept.", "Reload", () => location.reload()],
  4503: ["Gapless is open in too many tabs or devices, so this one was disconnected. Your unsent messages are kept.", "Use this one", () => location.reload()],
};

export class Banner {
  #banner = byId("banner");
  #text = this.#banner.querySelector(".banner-text");
  #countdown = this.#banner.querySelector(".banner-countdown");
  #button = byId("banner-button");
  /** @type {any} */ #patience = null;
  /** @type {any} */ #clock = null;
  /** @type {any} */ #state = {};
  #act;

  constructor(/** @type {{ tryNow: Callback }} */ { tryNow }) {
    this.#act = tryNow;
    this.#button.addEventListener("click", () => this.#act?.());
  }

  take(/** @type {any} */ state) {
    this.#state = state;
    if (state.state === "online" && !state.isDoubtful) return this.#hide();
    if (state.state === "ended") return;
    if (this.#banner.hidden) this.#patience ??= setTimeout(() => this.#show(), PATIENCE_MS);
    else this.#count();
  }

  end(/** @type {any} */ code) {
    const [sentence, label, act] = ENDINGS[code] ?? ENDINGS[4502];
    this.#hide();
    this.#act = act;
    this.#text.textContent = sentence;
    this.#countdown.textContent = "";
    this.#button.hidden = !label;
    this.#button.textContent = label ?? "";
    this.#banner.hidden = false;
  }

  #show() {
    this.#text.textContent = "Connection lost. You can go on writing: messages are kept and sent when it is back.";
    this.#button.textContent = "Try now";
    this.#banner.hidden = false;
    this.#clock = setInterval(() => this.#count(), 500);
    this.#count();
  }

  #hide() {
    clearTimeout(this.#patience);
    clearInterval(this.#clock);
    this.#patience = null;
    if (!this.#banner.hidden) this.#text.textContent = "";
    this.#banner.hidden = true;
  }

  #count() {
    const { state, retryAt } = this.#state;
    this.#button.disabled = state === "connecting";
    this.#countdown.textContent = state === "waiting" ? `Next try in ${seconds(retryAt - elapsed())} s` : "Connecting…";
  }
}
