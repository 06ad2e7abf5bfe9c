/** The person's own status: what the server keeps of it, and the menu in which it is chosen. Refuses to know how it is told. */
import { say } from "../page/dialogs.js";
import { byId } from "../page/dom.js";
import { paintDot, wordOf } from "./dots.js";

const MOST_LETTERS = 80;

export class OwnStatus {
  #menu = byId("settings");
  #line = byId("own-activity");
  #clear = byId("own-activity-clear");
  #me;
  #choose;
  #choice = { status: "online", activity: "", shows_typing: true };

  /** `choose({status | activity | shows_typing})` is called with what was changed; it rejects when that was not kept. */
  constructor(/** @type {{ me: Me, choose: Callback }} */ { me, choose }) {
    this.#me = me;
    this.#choose = choose;
    this.#menu.addEventListener("change", (/** @type {{ target: any }} */ { target }) => this.#changed(target));
    this.#line.addEventListener("keydown", (/** @type {any} */ event) => event.key === "Enter" && !event.isComposing && this.#menu.hidePopover());
    this.#clear.addEventListener("click", () => this.#take({ activity: "" }));
    this.#draw();
  }

  get showsTyping() {
    return this.#choice.shows_typing;
  }

  get isBusy() {
    return this.#choice.status === "busy";
  }

  /** What the server has, maybe chosen on another device. */
  take(/** @type {any} */ choice) {
    Object.assign(this.#choice, choice);
    this.#draw();
  }

  /** What others see at the moment: away, when nobody is at the device. */
  seen(/** @type {{ status: any }} */ { status }) {
    const isChosen = this.#choice.status !== "online" || status === "offline";
    paintDot(byId("me-dot"), isChosen ? this.#choice.status : status);
  }

  #changed(/** @type {any} */ target) {
    if (target.name === "own-status") this.#take({ status: target.value });
    else if (target.id === "shows-typing") this.#take({ shows_typing: target.checked });
    else if (target === this.#line) this.#take({ activity: clean(target.value) });
  }

  async #take(/** @type {any} */ change) {
    const before = { ...this.#choice };
    this.take(change);
    await this.#choose(change).catch((/** @type {Refused} */ problem) => {
      this.take(before);
      say(`Your status was not changed. ${problem.detail}`);
    });
  }

  #draw() {
    const { status, activity, shows_typing: showsTyping } = this.#choice;
    for (const input of this.#menu.querySelectorAll('[name="own-status"]')) input.checked = input.value === status;
    byId("shows-typing").checked = showsTyping;
    if (document.activeElement !== this.#line) this.#line.value = activity;
    this.#clear.hidden = !activity;
    byId("me-line").textContent = activity || (status === "online" ? `@${this.#me.username}` : wordOf(status));
    paintDot(byId("me-dot"), status);
  }
}

const clean = (/** @type {string} */ text) => [...text.trim().replace(/\s+/g, " ")].slice(0, MOST_LETTERS).join("");
