/**
 * Files that a visitor attaches: they come piece by piece with the token of the visit, which begins with them if there is none, and
 * go with the next message.
 */
import { listen, listenToDrops } from "../files/taking.js";
import { sizeText } from "../files/shown.js";
import { Tray } from "../files/tray.js";
import { Uploads } from "../files/uploads.js";
import { plural } from "../page/format.js";
import { Trouble } from "./visit.js";

const meta = (/** @type {string} */ name) => Number(document.querySelector(`meta[name="${name}"]`)?.content);

/** Emits `moved` at each step of a file. */
export class Attached extends EventTarget {
  #uploads;
  #tray;
  #say;

  /** `name`: by which the tab keeps it; `say(sentence)`: why something was not attached; `changed()` when more or fewer are. */
  constructor(/** @type {{ visit: import("./visit.js").Visit, form: any, place: any, name: string, say: (sentence: string) => void, changed: Callback }} */ { visit, form, place, name, say, changed }) {
    super();
    this.#say = say;
    this.#uploads = new Uploads(asVisit(visit));
    this.#tray = new Tray({ place, uploads: this.#uploads, changed, name });
    this.#tray.open(0);
    this.#uploads.addEventListener("moved", () => this.dispatchEvent(new Event("moved")));
    const take = (/** @type {File[]} */ files) => this.#take(files);
    listen(form, take);
    listenToDrops({ take, isOpen: () => true });
    form.querySelector(".attach").disabled = false;
  }

  get count() {
    return this.#tray.keys.length;
  }

  /** What goes along, in its order; nothing is attached then. */
  take() {
    return this.#tray.take();
  }

  /** What was taken is attached again. */
  put(/** @type {any[]} */ files) {
    for (const file of files) this.#uploads.resume(file);
    if (files.length) this.#tray.add(files);
  }

  /** How far one is that was taken along: {sent, size, detail}. */
  state(/** @type {string} */ key) {
    return this.#uploads.state(key);
  }

  /** The ids of files that were taken along, once all have arrived. Rejects when one can't be sent, and when `signal` says so. */
  async arrived(/** @type {any[]} */ files, /** @type {AbortSignal} */ signal) {
    const ids = [];
    for (const file of files) ids.push((file.whole ?? (await this.#arrival(file, signal))).id);
    return ids;
  }

  /** Sends again what could not be sent. */
  retry(/** @type {any[]} */ files) {
    for (const { key } of files) this.#uploads.retry(key);
  }

  /** The server has none of them, or they are of another visit: all of each is sent. */
  renew(/** @type {any[]} */ files) {
    for (const file of files) this.#uploads.renew(Object.assign(file, { id: null, whole: null }));
  }

  /** They are in a message. */
  forget(/** @type {any[]} */ files) {
    for (const { key } of files) this.#uploads.forget(key);
  }

  #arrival(/** @type {any} */ file, /** @type {AbortSignal} */ signal) {
    this.#uploads.resume(file);
    return new Promise((resolve, reject) => {
      const look = () => {
        const { id, whole, isFailed, detail } = this.#uploads.state(file.key) ?? {};
        if (!whole && !isFailed && !signal.aborted) return;
        this.#uploads.removeEventListener("moved", look);
        Object.assign(file, { id, whole });
        if (whole && !signal.aborted) resolve(whole);
        else reject(new Trouble({ status: 400, code: "invalid", detail: `${file.name}: ${detail}` }));
      };
      this.#uploads.addEventListener("moved", look);
      signal.addEventListener("abort", look);
      look();
    });
  }

  #take(/** @type {File[]} */ files) {
    const [most, room] = [meta("file-bytes"), meta("files-per-message") - this.count];
    const fit = files.filter(({ size }) => size > 0 && size <= most);
    const large = files.find(({ size }) => size > most);
    if (room > 0 && fit.length) this.#tray.add(fit.slice(0, room).map((file) => this.#uploads.add(file)));
    if (large) this.#say(`${large.name} is too large: ${sizeText(most)} are allowed.`);
    else if (fit.length < files.length) this.#say("Empty files and folders can't be sent.");
    else if (fit.length > room) this.#say(`A message has at most ${plural(meta("files-per-message"), "file")}: send the others in another message.`);
  }
}

/** What uploads ask of the server, as the visit. One that has ended is begun anew, by the next attempt. */
function asVisit(/** @type {any} */ visit) {
  const asked = (/** @type {string} */ method) => async (/** @type {any[]} */ ...given) => {
    try {
      await visit.begun();
      return await visit[method](...given);
    } catch (trouble) {
      if (trouble.status !== 401) throw trouble;
      visit.forget();
      throw new Trouble({});
    }
  };
  return { get: asked("get"), postEach: asked("post"), remove: asked("remove"), send: asked("send") };
}
