/** Files that an agent attaches, for each conversation: they come piece by piece, and go with the next answer or note. */
import { Tray } from "../files/tray.js";
import { Uploads } from "../files/uploads.js";
import * as api from "../page/api.js";
import { byId } from "../page/dom.js";

export class Attaching {
  #uploads = new Uploads(api);
  #tray;
  #conversation = 0;

  constructor(/** @type {number} */ me) {
    this.#tray = new Tray({ place: byId("desk-attached"), uploads: this.#uploads, changed: () => {}, name: `gapless.attached.${me}.desk` });
    const input = byId("desk-attach-input");
    byId("desk-attach").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.#take([...input.files]);
      input.value = "";
    });
    byId("desk-box").addEventListener("paste", (/** @type {any} */ event) => {
      const { files, types } = event.clipboardData;
      // What was copied in a text program is text and a picture of it: then the text is meant.
      if (!files.length || types.includes("text/plain")) return;
      event.preventDefault();
      this.#take([...files]);
    });
  }

  get count() {
    return this.#tray.keys.length;
  }

  /** Whether one of them can't be sent yet. */
  get isUnderWay() {
    return this.#tray.keys.some((key) => !this.#uploads.state(key)?.whole);
  }

  open(/** @type {number} */ conversation) {
    this.#conversation = conversation;
    this.#tray.open(conversation);
  }

  /** What goes along, in its order. */
  take() {
    return this.#tray.take();
  }

  /** What was refused is attached again. */
  put(/** @type {number} */ conversation, /** @type {any[]} */ attached) {
    for (const file of attached) this.#uploads.resume(file);
    this.#tray.open(conversation);
    if (attached.length) this.#tray.add(attached);
    this.#tray.open(this.#conversation);
  }

  /** They are in a message. */
  forget(/** @type {any[]} */ attached) {
    for (const { key } of attached) this.#uploads.forget(key);
  }

  #take(/** @type {File[]} */ files) {
    const some = files.filter(({ size }) => size > 0);
    if (some.length) this.#tray.add(some.map((file) => this.#uploads.add(file)));
    byId("desk-box").focus();
  }
}
