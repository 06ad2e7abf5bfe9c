/** Where the view of the timeline is, and how it stays there while rows come and go. Knows no messages. */
import { isSelectedIn } from "../page/steady.js";

const FOLLOW_PX = 100;
const EDGE_PX = 900;

export class Scroll {
  #box;
  #list;
  #wasAtEnd = true;
  /** @type {number | null} */ #placedAt = null; // where the page has put the view

  /** `moved()` is called at most once a frame, after scrolling or a change of size. */
  constructor(/** @type {{ box: any, list: any, moved: Callback }} */ { box, list, moved }) {
    this.#box = box;
    this.#list = list;
    let waits = false;
    const soon = () => {
      if (waits) return;
      waits = true;
      requestAnimationFrame(() => {
        waits = false;
        moved();
      });
    };
    box.addEventListener("scroll", () => {
      this.#wasAtEnd = this.isAtEnd;
      soon();
    }, { passive: true });
    // A keyboard that slides in or a growing composer must not hide the end.
    new ResizeObserver(() => {
      if (this.#wasAtEnd) this.toEnd();
      soon();
    }).observe(box);
  }

  get isAtEnd() {
    return this.#below <= FOLLOW_PX;
  }

  get isFarFromEnd() {
    return this.#below > this.#box.clientHeight;
  }

  get isNearStart() {
    return this.#box.scrollTop < EDGE_PX;
  }

  get isNearEnd() {
    return this.#below < EDGE_PX;
  }

  get #below() {
    return this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight;
  }

  /** Nobody has moved the view since the page put it there, and it is full of rows. */
  get isAtRest() {
    return this.#box.scrollTop === this.#placedAt && this.#box.scrollHeight > this.#box.clientHeight;
  }

  toEnd() {
    this.#box.scrollTop = this.#box.scrollHeight;
    this.#placedAt = this.#box.scrollTop;
    this.#wasAtEnd = true;
  }

  /** Brings a row to a third of the height, so that what came before it can be seen too. */
  toRow(/** @type {any} */ row) {
    const offset = row.getBoundingClientRect().top - this.#box.getBoundingClientRect().top;
    this.#box.scrollTop += offset - this.#box.clientHeight / 3;
    this.#placedAt = this.#box.scrollTop;
    this.#wasAtEnd = this.isAtEnd;
  }

  /** Runs a change of rows; the end stays in view when it was and nobody selects text, else what is seen stays where it is. */
  hold(/** @type {any} */ change, { follow = true } = {}) {
    if (follow && this.isAtEnd && !isSelectedIn(this.#list)) {
      change();
      return this.toEnd();
    }
    const anchor = this.#topRow()?.querySelector(".message");
    const isTall = anchor?.getBoundingClientRect().bottom > this.#box.getBoundingClientRect().bottom;
    // Its end: on top it may gain or lose the day, the divider and who says it. Of one that fills the view its beginning is read.
    const place = () => anchor.getBoundingClientRect()[isTall ? "top" : "bottom"];
    const before = anchor && place();
    change();
    if (anchor?.isConnected) this.#box.scrollTop += place() - before;
  }

  /** Below (1), in (0) or above (-1) what is seen. A row is in view with its first line. */
  place(/** @type {any} */ row) {
    const view = this.#box.getBoundingClientRect();
    const { top, bottom } = row.getBoundingClientRect();
    if (top + Math.min(bottom - top, 40) > view.bottom + 1) return 1;
    return bottom <= view.top ? -1 : 0;
  }

  #topRow() {
    const { top } = this.#box.getBoundingClientRect();
    for (const row of this.#list.children) if (row.getBoundingClientRect().bottom > top) return row;
    return null;
  }
}
