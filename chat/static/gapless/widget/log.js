/** The log as elements: what was said, by whom and when, and what is still to be sent. Changes only what has changed. */
import { equipped } from "../markdown/code.js";
import { draw } from "../markdown/draw.js";
import { clock, dayName } from "../page/format.js";
import { Steady } from "../page/steady.js";
import { underWay } from "./files.js";

/** @returns {any} */
export function make(/** @type {string} */ tag, /** @type {string} */ className = "", /** @type {any[]} */ ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

export class Log {
  /** @type {Steady} */ #list;
  #isOwn;
  #deeds;
  #files;

  /** `deeds`: {retry(draft), withdraw(draft), stateOf(key)}. */
  constructor(/** @type {any} */ list, /** @type {(message: any) => boolean} */ isOwn, /** @type {any} */ deeds, /** @type {import("./files.js").Files} */ files) {
    this.#files = files;
    this.#list = new Steady(list);
    this.#isOwn = isOwn;
    this.#deeds = deeds;
  }

  draw(/** @type {any[]} */ messages, /** @type {import("./unsent.js").Unsaid[]} */ drafts) {
    const shown = messages.filter((message) => message.event?.type !== "conversation.begun");
    const wanted = [
      ...shown.map((message, place) => this.#list.row(`m${message.seq}`, `${message.rev} ${isFollowing(shown[place - 1], message)} ${isNewDay(shown[place - 1], message)}`, () => this.#said(message, shown[place - 1]))),
      ...drafts.map((draft) => this.#list.row(`d${draft.client_msg_id}`, `${draft.problem} ${draft.isWaiting} ${this.#wayOf(draft)}`, () => this.#unsaid(draft))),
    ];
    this.#list.place(wanted);
  }

  #said(/** @type {any} */ message, /** @type {any} */ previous) {
    const row = message.kind === "system" ? make("li", "line", message.body) : this.#bubble(message, previous);
    if (isNewDay(previous, message)) row.dataset.day = dayName(new Date(message.created_at));
    return row;
  }

  #bubble(/** @type {any} */ message, /** @type {any} */ previous) {
    const isOwn = this.#isOwn(message);
    const row = make("li", isOwn ? "said own" : "said");
    if (!isFollowing(previous, message)) row.append(this.#head(message, isOwn));
    else row.classList.add("following");
    const text = message.deleted_at ? make("em", "", "This message was deleted") : make("div", "markdown", ...equipped(draw(message.body)));
    const files = this.#files.of(message);
    if (message.body || message.deleted_at) row.append(make("div", "bubble", text));
    if (files) row.append(files);
    return row;
  }

  #head(/** @type {any} */ message, /** @type {boolean} */ isOwn) {
    const name = isOwn ? "You" : message.sender.display_name;
    const time = make("time", "", clock(new Date(message.created_at)));
    time.dateTime = message.created_at;
    return make("div", "who", make("b", "", name), time);
  }

  #unsaid(/** @type {import("./unsent.js").Unsaid} */ draft) {
    const row = make("li", `said own unsaid${draft.problem ? " refused" : ""}`);
    const files = underWay(draft.files ?? [], this.#deeds.stateOf);
    if (draft.body) row.append(make("div", "bubble", make("div", "markdown", ...draw(draft.body))));
    if (files) row.append(files);
    const link = (/** @type {string} */ words, /** @type {Callback} */ deed) => {
      const button = make("button", "link", words);
      button.addEventListener("click", () => deed(draft));
      return button;
    };
    if (draft.problem) row.append(make("small", "", `Not sent. ${draft.problem} `, link("Try again", this.#deeds.retry), " ", link("Edit", this.#deeds.withdraw)));
    else row.append(make("small", "", draft.isWaiting ? "Not sent yet. We keep trying … " : "Sending … ", ...(this.#isArriving(draft) ? [link("Cancel", this.#deeds.withdraw)] : [])));
    return row;
  }

  // Once its files are there it is sent, and may be in the log already.
  #isArriving(/** @type {import("./unsent.js").Unsaid} */ { files = [] }) {
    return files.some(({ key, whole }) => !whole && !this.#deeds.stateOf(key)?.whole);
  }

  #wayOf(/** @type {import("./unsent.js").Unsaid} */ { files = [] }) {
    return files.map(({ key }) => this.#deeds.stateOf(key)).map((state) => `${state?.sent} ${state?.detail}`).join(" ");
  }
}

const TOGETHER_MS = 5 * 60_000;

function isNewDay(/** @type {any} */ previous, /** @type {any} */ message) {
  const day = (/** @type {any} */ one) => new Date(one.created_at).toDateString();
  return !previous || day(previous) !== day(message);
}

function isFollowing(/** @type {any} */ previous, /** @type {any} */ message) {
  if (previous?.kind !== "text" || message.kind !== "text" || previous.sender.id !== message.sender.id || isNewDay(previous, message)) return false;
  return new Date(message.created_at).getTime() - new Date(previous.created_at).getTime() < TOGETHER_MS;
}
