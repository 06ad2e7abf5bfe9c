/**
 * Sends what waits in the outbox: in order, one in flight a channel, repeated under the same id until the server
 * has accepted or finally refused it. Refuses to know how a question reaches the server.
 */
import { elapsed, serverNow } from "./clock.js";

const INTERNAL_TRIES = 3;
const NO_HINT_SECONDS = 2;
const LOOK_AGAIN_MS = 250;

export class Sender {
  #outbox;
  #ask;
  #isOnline;
  #changed;
  #headOf;
  #acceptedSeq = new Map(); // channel → the last number that one of ours got
  #running = new Set(); // channels with a draft in flight or a pause to keep

  /** `ask(frame)` as in Connection; `changed(draft, message?)` is told of each step; `headOf(channel)` is held. */
  constructor(/** @type {{ outbox: Outbox, ask: Callback, isOnline: Callback, changed: Callback, headOf: Callback }} */ { outbox, ask, isOnline, changed, headOf }) {
    this.#outbox = outbox;
    this.#ask = ask;
    this.#isOnline = isOnline;
    this.#changed = changed;
    this.#headOf = headOf;
  }

  wakeAll() {
    for (const channel of new Set(this.#outbox.all().map((/** @type {Draft} */ draft) => draft.channel))) this.wake(channel);
  }

  wake(/** @type {number} */ channel) {
    if (!this.#running.has(channel)) this.#run(channel);
  }

  async #run(/** @type {number} */ channel) {
    this.#running.add(channel);
    const next = () => (this.#isOnline() ? this.#outbox.next(channel) : null);
    for (let draft = next(); draft; draft = next()) {
      if (heldMs(draft) > 0) {
        // Later ones wait with it; and when it is taken back meanwhile they go at once.
        await new Promise((resolve) => setTimeout(resolve, Math.min(heldMs(draft), LOOK_AGAIN_MS)));
        continue;
      }
      try {
        this.#accept(draft, await this.#ask(frameOf(draft)));
      } catch (refusal) {
        if (refusal.code === "connection_lost") break;
        if (refusal.code !== "no_answer") await this.#refuse(draft, refusal);
      }
    }
    this.#running.delete(channel);
  }

  #accept(/** @type {Draft} */ draft, /** @type {{ message: Message }} */ { message }) {
    this.#outbox.remove(draft.client_msg_id);
    this.#acceptedSeq.set(draft.channel, message.seq);
    this.#changed(draft, message);
  }

  async #refuse(/** @type {Draft} */ draft, /** @type {Refused} */ refusal) {
    if (!this.#outbox.get(draft.client_msg_id)) return;
    const seconds = pauseFor(draft, refusal);
    draft.tries += 1;
    if (seconds == null) return this.fail(draft, refusal);
    draft.retryAt = elapsed() + seconds * 1000;
    draft.error = { code: refusal.code, detail: refusal.detail };
    this.#changed(draft);
    // The pause holds the whole channel: a later message must not overtake.
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    draft.retryAt = draft.error = null;
  }

  /** It does not go out as it is: it keeps its place, with the reason. */
  fail(/** @type {Draft} */ draft, /** @type {{ code: any, detail: any, reference?: string | null }} */ { code, detail, reference }) {
    // Its place stays here, whatever comes later.
    const after = Math.max(this.#headOf(draft.channel) ?? 0, this.#acceptedSeq.get(draft.channel) ?? 0);
    Object.assign(draft, { state: "failed", after, retryAt: null, error: { code, detail, reference } });
    this.#outbox.save(draft);
    this.#changed(draft);
  }
}

/** How long a draft can still be taken back, by the server's clock. */
export const heldMs = (/** @type {{ dueAt?: number | null }} */ { dueAt }) => (dueAt ?? 0) - serverNow();

const frameOf = (/** @type {Draft} */ { channel, client_msg_id, body, reply_to, thread, also_in_channel, files }) => ({
  op: "message.post", channel, client_msg_id, body, ...(reply_to ? { reply_to } : {}),
  ...(thread ? { thread } : {}), ...(also_in_channel ? { also_in_channel } : {}),
  ...(files?.length ? { files: files.map((/** @type {any} */ { whole }) => whole.id) } : {}),
});

function pauseFor(/** @type {Draft} */ draft, /** @type {{ code: any, retryAfter: number | null }} */ { code, retryAfter }) {
  if (retryAfter != null) return retryAfter;
  if (["rate_limited", "queue_full", "unavailable"].includes(code)) return NO_HINT_SECONDS;
  if (code === "internal" && draft.tries < INTERNAL_TRIES) return 2 ** draft.tries;
  return null;
}
