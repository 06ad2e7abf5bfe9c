/**
 * Files on their way to the server, piece by piece: what has come there stays there, whatever ends the connection, and it goes on by
 * itself. Two at once, in their order. Knows neither messages nor the page nor who asks.
 */
import { pause } from "../client/backoff.js";
import { makeUuid } from "../client/outbox.js";
import { within } from "../client/patience.js";
import { drop, find, keep, sweep } from "./kept.js";

const AT_ONCE = 2;
const FIRST_BYTES = 128 * 1024;
const MOST_BYTES = 4 * 1024 * 1024;
/** A piece takes about this long: soon enough to show how far it is, seldom enough to cost little. */
const PIECE_MS = 800;
/** A piece that has not come through by then is on a line that brings nothing: it is sent again, over another connection. */
const STALLED_MS = 60_000;
const FINAL = new Set(["invalid", "too_big", "quota", "unsupported_type", "forbidden", "not_verified", "empty"]);
const LOST = "The tab with this file was closed. Choose the file again.";

/** Emits `moved` {key} at each step of an upload. */
export class Uploads extends EventTarget {
  /** @type {Map<string, any>} */ #all = new Map();
  #running = 0;
  #api;

  /** `api`: get, postEach, remove and send, as page/api.js has them. */
  constructor(/** @type {any} */ api) {
    super();
    this.#api = api;
    sweep();
    addEventListener("online", () => {
      for (const upload of this.#all.values()) upload.wake?.();
    });
  }

  /** Begins to send a file; returns what a draft keeps of it. */
  add(/** @type {File} */ file) {
    const key = makeUuid();
    keep(key, file);
    this.#begin({ key, name: file.name || "file", size: file.size, type: file.type, id: null });
    return this.state(key);
  }

  /** Goes on with one that a draft has kept. */
  resume(/** @type {any} */ { key, name, size, type, id, whole }) {
    if (!this.#all.has(key)) this.#begin({ key, name, size, type, id, whole });
  }

  /** {key, name, size, type, id, sent, whole, detail, isFailed}, or undefined. */
  state(/** @type {string} */ key) {
    return this.#all.get(key);
  }

  retry(/** @type {string} */ key) {
    const upload = this.#all.get(key);
    if (upload?.isFailed) this.#begin({ ...upload, id: null });
  }

  /** The server has nothing of it: all of it is sent. */
  renew(/** @type {any} */ { key, name, size, type }) {
    this.#begin({ key, name, size, type, id: null });
  }

  /** Nobody wants it any more. */
  cancel(/** @type {string} */ key) {
    const upload = this.#all.get(key);
    this.forget(key);
    upload?.abort.abort();
    if (upload?.id) this.#api.remove(`files/uploads/${upload.id}/`).catch(() => {});
  }

  /** It is in a message. */
  forget(/** @type {string} */ key) {
    this.#all.delete(key);
    drop(key);
  }

  #begin(/** @type {any} */ given) {
    this.#all.set(given.key, { whole: null, ...given, sent: 0, detail: null, isFailed: false, isWaiting: !given.whole, abort: new AbortController() });
    this.#next();
  }

  #next() {
    for (const upload of this.#all.values()) {
      if (this.#running >= AT_ONCE) return;
      if (upload.isWaiting) this.#run(upload);
    }
  }

  async #run(/** @type {any} */ upload) {
    this.#running += 1;
    upload.isWaiting = false;
    for (let tries = 0; this.#lives(upload) && !upload.whole && !upload.isFailed; ) {
      try {
        await this.#go(upload, () => (tries = 0));
      } catch (problem) {
        if (!this.#lives(upload)) break;
        tries += 1;
        if ((FINAL.has(problem.code) && problem.status !== 401) || (problem.code === "not_found" && !upload.id)) this.#fail(Object.assign(upload, { id: null }), problem.detail); // the server keeps nothing of it
        else if (problem.code === "not_found") Object.assign(upload, { id: null, sent: 0 });
        else if (problem.code !== "conflict") await this.#rest(upload, pause(tries, problem.retryAfter) * 1000, waitingFor(problem));
      }
    }
    this.#running -= 1;
    this.#next();
  }

  async #go(/** @type {any} */ upload, /** @type {() => void} */ moved) {
    const blob = await find(upload.key);
    if (!blob) return this.#fail(upload, LOST);
    const { signal } = upload.abort;
    let at = upload.id ? await this.#api.get(`files/uploads/${upload.id}/`) : await this.#api.postEach("files/uploads/", { name: upload.name, size: upload.size });
    // Whole already where the answer to the last piece was lost.
    Object.assign(upload, { id: at.id, whole: at.file ?? null });
    this.#tell(upload, at.offset);
    for (let bytes = FIRST_BYTES; !at.file && this.#lives(upload); ) {
      const began = performance.now();
      const piece = blob.slice(at.offset, at.offset + bytes);
      const path = `files/uploads/${upload.id}/?offset=${at.offset}`;
      at = await within(STALLED_MS, (either) => this.#api.send(path, piece, either), signal);
      moved();
      bytes = performance.now() - began < PIECE_MS ? Math.min(bytes * 2, MOST_BYTES) : Math.max(Math.round(bytes / 2), FIRST_BYTES);
      upload.whole = at.file ?? null;
      this.#tell(upload, at.offset);
    }
  }

  // Woken before its time when the browser has a line again.
  #rest(/** @type {any} */ upload, /** @type {number} */ ms, /** @type {string} */ detail) {
    upload.detail = detail;
    this.#tell(upload, upload.sent);
    return new Promise((/** @type {any} */ resolve) => {
      upload.wake = resolve;
      setTimeout(resolve, ms);
    }).then(() => (upload.detail = null));
  }

  #fail(/** @type {any} */ upload, /** @type {string} */ detail) {
    Object.assign(upload, { isFailed: true, detail });
    this.#tell(upload, upload.sent);
  }

  #lives(/** @type {any} */ upload) {
    return this.#all.get(upload.key) === upload;
  }

  #tell(/** @type {any} */ upload, /** @type {number} */ sent) {
    upload.sent = sent;
    this.dispatchEvent(new CustomEvent("moved", { detail: { key: upload.key } }));
  }
}

const waitingFor = (/** @type {any} */ { code, detail }) => (code === "unreachable" ? "Waiting for the connection. The upload continues by itself." : `Waiting: ${detail}`);
