/**
 * Sends answers and notes: kept before they go out and repeated under the same id until the server has accepted or refused them,
 * so that neither a lost connection nor a reload loses or doubles one.
 */
import { makeUuid } from "../client/outbox.js";
import { post } from "../page/api.js";

const AGAIN_MS = 2_000;

export class Sending {
  #drafts;
  /** @type {Set<number>} */ #running = new Set();

  constructor(/** @type {import("./drafts.js").Drafts} */ drafts) {
    this.#drafts = drafts;
  }

  /** `kind`: answer, note or resolve. Resolves to what the server answered; rejects with its Problem, the text kept. */
  send(/** @type {number} */ conversation, /** @type {{ kind: string, body: string, seen_seq?: number }} */ { kind, body, seen_seq }) {
    const box = kind === "note" ? "note" : "answer";
    const sending = { kind, body, client_msg_id: makeUuid(), ...(seen_seq == null ? {} : { seen_seq }) };
    this.#drafts.save(conversation, { [box]: "", sending });
    return this.#run(conversation, sending);
  }

  /** What a reload or a closed tab left on its way; null where there is nothing. */
  resume(/** @type {number} */ conversation) {
    const { sending } = this.#drafts.of(conversation);
    return sending && !this.#running.has(conversation) ? this.#run(conversation, sending) : null;
  }

  async #run(/** @type {number} */ conversation, /** @type {any} */ sending) {
    const { kind, ...said } = sending;
    this.#running.add(conversation);
    try {
      for (;;) {
        try {
          const answered = await post(`support/conversations/${conversation}/${kind}/`, said);
          this.#drafts.save(conversation, { sending: null });
          return { ...answered, kind };
        } catch (problem) {
          const isPassing = problem.status === 0 || problem.status >= 500 || problem.code === "rate_limited" || problem.code === "queue_full";
          if (!isPassing) throw problem;
          await new Promise((resolve) => setTimeout(resolve, problem.retryAfter ? problem.retryAfter * 1000 : AGAIN_MS));
        }
      }
    } catch (problem) {
      const box = kind === "note" ? "note" : "answer";
      const typed = this.#drafts.of(conversation)[box];
      // What was typed meanwhile comes after what was refused.
      this.#drafts.save(conversation, { sending: null, [box]: typed ? `${said.body}\n${typed}` : said.body });
      throw problem;
    } finally {
      this.#running.delete(conversation);
    }
  }
}
