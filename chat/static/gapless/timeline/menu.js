/**
 * What can be done with a message: one toolbar that moves to the row in use, one menu, and the keys of a row.
 * Refuses to know what there is to be done, when it is offered and how it is done: the acts say so.
 */
import { byId } from "../page/dom.js";
import { Popup } from "../page/popup.js";

const LONG_PRESS_MS = 450;
const AFTER_CLICK_MS = 50;

export class Menu {
  #toolbar = byId("toolbar");
  #menu = new Popup("message-menu", (/** @type {any} */ act) => this.#acts[act].act(this.#message, this.#timeline));
  #lists;
  /** @type {any} */ #timeline; // that of the row in use
  #me;
  #channel;
  #acts;
  /** @type {any} */ #message = null;
  /** @type {any} */ #press = null;

  /** `lists`: where rows stand. `acts`: by the `data-act` of their buttons. `channel()` is the open one. */
  constructor(/** @type {{ lists: { list: any, timeline: Timeline }[], me: Me, channel: Callback, acts: Record<string, MessageAct> }} */ { lists, me, channel, acts }) {
    this.#lists = lists;
    this.#me = me;
    this.#channel = channel;
    this.#acts = acts;
    for (const { list } of lists) this.#listenTo(list);
    this.#toolbar.addEventListener("click", (/** @type {any} */ event) => this.#chose(event));
  }

  #listenTo(/** @type {any} */ list) {
    const move = (/** @type {{ target: any }} */ { target }) => this.#moveTo(target.closest(".row"));
    list.addEventListener("pointerover", (/** @type {any} */ event) => event.pointerType === "mouse" && move(event));
    list.addEventListener("focusin", (/** @type {any} */ event) => {
      const row = event.target.closest(".row");
      this.#moveTo(row);
      this.#timeline.rove(row);
    });
    list.addEventListener("focusout", (/** @type {{ relatedTarget: any }} */ { relatedTarget }) => {
      if (!list.contains(relatedTarget) && !list.matches(":hover")) this.#moveTo(null);
    });
    // A finger leaves with every tap, before its click.
    list.parentElement.addEventListener("pointerleave", (/** @type {{ pointerType: string }} */ { pointerType }) => {
      if (pointerType === "mouse" && !this.#toolbar.contains(document.activeElement)) this.#moveTo(null);
    });
    list.addEventListener("keydown", (/** @type {any} */ event) => this.#pressed(event));
    list.addEventListener("contextmenu", (/** @type {any} */ event) => this.#press && event.preventDefault());
    list.addEventListener("pointerdown", (/** @type {any} */ event) => this.#startPress(event));
    for (const name of ["pointerup", "pointercancel", "pointermove"]) list.addEventListener(name, (/** @type {any} */ event) => this.#endPress(event));
  }

  #moveTo(/** @type {any} */ row) {
    const message = this.#at(row);
    const mayShow = isMessage(message) && !this.#menu.isOpen;
    this.#toolbar.hidden = !mayShow;
    if (!mayShow) return;
    for (const button of this.#toolbar.children) button.hidden = button.dataset.act !== "more" && !this.#offers(button.dataset.act, message);
    const place = row.querySelector(".message");
    if (this.#toolbar.parentElement !== place) place.append(this.#toolbar);
  }

  #chose(/** @type {any} */ event) {
    const button = event.target.closest("[data-act]");
    if (!button) return;
    const message = this.#at(button);
    if (button.dataset.act === "more") return this.#open(this.#timeline.row(message.id), button.getBoundingClientRect());
    this.#acts[button.dataset.act].act(message, this.#timeline);
  }

  // The message of a row in any of the lists, which is the one in use from then on.
  #at(/** @type {any} */ element) {
    const place = this.#lists.find(({ list }) => list.contains(element));
    if (place) this.#timeline = place.timeline;
    return place?.timeline.at(element);
  }

  #pressed(/** @type {any} */ event) {
    const row = event.target.closest(".row");
    if (event.target !== row || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = /** @type {Record<string, string>} */ ({ ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" })[event.key];
    const message = this.#at(row);
    const act = Object.keys(this.#acts).find((name) => this.#acts[name].key === event.key.toLowerCase());
    if (step) row[step]?.focus();
    else if (event.key === "Enter" && isMessage(message)) this.#open(row, row.querySelector(".text").getBoundingClientRect());
    else if (act && isMessage(message) && this.#offers(act, message)) this.#acts[act].act(message, this.#timeline);
    else return;
    event.preventDefault();
  }

  #open(/** @type {any} */ row, /** @type {{ left: number, bottom: number, top: number }} */ { left, bottom, top }) {
    this.#message = this.#at(row);
    row.focus({ preventScroll: true });
    this.#toolbar.hidden = true;
    this.#menu.open({ left, bottom, top }, (/** @type {any} */ act) => this.#offers(act, this.#message));
  }

  #offers(/** @type {any} */ act, /** @type {Message} */ message) {
    return this.#acts[act].isOffered({ channel: this.#channel(), isOwn: message.sender?.id === this.#me.id, message, timeline: this.#timeline });
  }

  #startPress(/** @type {any} */ event) {
    const row = event.target.closest(".row");
    if (event.pointerType === "mouse" || event.target.closest(".body, .reactions") || !isMessage(this.#at(row))) return;
    const { clientX: x, clientY: y } = event;
    const ripen = () => {
      navigator.vibrate?.(10);
      this.#press.isRipe = true;
    };
    this.#press = { x, y, row, timer: setTimeout(ripen, LONG_PRESS_MS) };
  }

  #endPress(/** @type {{ type: string, clientX: number, clientY: number }} */ { type, clientX, clientY }) {
    if (!this.#press) return;
    const { x, y, row, timer, isRipe } = this.#press;
    if (type === "pointermove" && Math.hypot(clientX - x, clientY - y) < 10) return;
    clearTimeout(timer);
    this.#press = null;
    // Not while the finger is down: lifting it counts as a tap beside the menu, and would close it.
    if (type === "pointerup" && isRipe) setTimeout(() => this.#open(row, { left: x, top: y, bottom: y }), AFTER_CLICK_MS);
  }
}

const isMessage = (/** @type {Message} */ message) => message?.kind === "text" && !message.deleted_at && message.id != null;
