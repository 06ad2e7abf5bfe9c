/**
 * What was written and is not accepted yet, in the order of writing: kept by the browser, sent one after another under the same id
 * until the server has taken or finally refused it. Knows no conversation: `send` does.
 */
import { pause } from "../client/backoff.js";
import { makeUuid } from "../client/outbox.js";

/** @typedef {{ client_msg_id: string, body: string, files?: any[], problem: string | null, isWaiting: boolean }} Unsaid */

const KEPT = "unsent";

/** Emits `changed`, and `said` {draft} when one is in the log. */
export class Unsent extends EventTarget {
  #store;
  #send;
  /** @type {Unsaid[]} */ #drafts = [];
  #isSending = false;
  /** @type {AbortController | null} */ #stop = null;

  /** `send(draft, signal)` resolves when it is accepted; rejects when the signal says so while its files are on their way. */
  constructor(/** @type {import("./store.js").Store} */ store, /** @type {(draft: Unsaid, signal: AbortSignal) => Promise<unknown>} */ send) {
    super();
    this.#store = store;
    this.#send = send;
    this.#drafts = (store.get(KEPT) ?? []).map((/** @type {Unsaid} */ draft) => ({ ...draft, isWaiting: false }));
  }

  get all() {
    return this.#drafts;
  }

  add(/** @type {string} */ body, /** @type {any[]} */ files) {
    this.#drafts.push({ client_msg_id: makeUuid(), body, files, problem: null, isWaiting: false });
    this.#keep();
    this.flush();
  }

  /** It is in the log. */
  accepted(/** @type {string} */ id) {
    const draft = this.#drafts.find(({ client_msg_id: known }) => known === id);
    if (!draft) return;
    this.#drop(draft);
    this.dispatchEvent(new CustomEvent("said", { detail: draft }));
  }

  retry(/** @type {Unsaid} */ draft) {
    draft.problem = null;
    this.#keep();
    this.flush();
  }

  /** Takes it out, to be changed. */
  withdraw(/** @type {Unsaid} */ draft) {
    const isUnderWay = draft === this.#next();
    this.#drop(draft);
    if (isUnderWay) this.#stop?.abort();
    this.flush();
  }

  async flush() {
    if (this.#isSending) return;
    this.#isSending = true;
    for (let draft = this.#next(), tries = 0; draft; draft = this.#next()) {
      this.#stop = new AbortController();
      try {
        await this.#send(draft, this.#stop.signal);
        tries = 0;
        this.accepted(draft.client_msg_id);
      } catch (trouble) {
        if (mayPass(trouble)) await this.#wait(draft, pause(++tries, trouble.retryAfter));
        else draft.problem = trouble.detail;
        this.#keep();
      }
    }
    this.#isSending = false;
  }

  // A refused one holds back nothing that was written after it.
  #next() {
    return this.#drafts.find(({ problem }) => problem == null);
  }

  #drop(/** @type {Unsaid} */ draft) {
    this.#drafts = this.#drafts.filter((other) => other !== draft);
    this.#keep();
  }

  async #wait(/** @type {Unsaid} */ draft, /** @type {number} */ seconds) {
    draft.isWaiting = true;
    this.#keep();
    await new Promise((resolve) => setTimeout(resolve, Math.min(seconds, 30) * 1000));
    draft.isWaiting = false;
  }

  #keep() {
    this.#store.set(KEPT, this.#drafts);
    this.dispatchEvent(new CustomEvent("changed"));
  }
}

/** Whether the same may be taken a little later: not what was refused for an hour, which the person should know. */
function mayPass(/** @type {{ status: number, retryAfter: number | null }} */ { status, retryAfter }) {
  return !status || status >= 500 || (status === 429 && (retryAfter ?? 0) <= 60);
}
