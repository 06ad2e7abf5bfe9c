/**
 * Sends answers and notes, each conversation's in order: kept before they go out and repeated under the same id until the server
 * has accepted or refused them, so that neither a lost connection nor a reload loses or doubles one.
 */
import { makeUuid } from "../client/outbox.js";
import { post } from "../page/api.js";

const AGAIN_MS = 2_000;
const PASSING = new Set(["rate_limited", "queue_full", "unavailable"]);

/** Emits `moved` {conversation}, `sent` {conversation, answered, attached} and `refused` {conversation, problem, attached}: the text is in its box again. */
export class Sending extends EventTarget {
  #drafts;
  /** @type {Set<number>} */ #running = new Set();

  constructor(/** @type {import("./drafts.js").Drafts} */ drafts) {
    super();
    this.#drafts = drafts;
  }

  /** `kind`: answer, note or resolve. */
  send(/** @type {number} */ conversation, /** @type {{ kind: string, body: string, attached: any[], seen_seq?: number }} */ { kind, body, attached, seen_seq }) {
    const said = { kind, body, attached, client_msg_id: makeUuid(), ...(seen_seq == null ? {} : { seen_seq }) };
    this.#drafts.save(conversation, { [boxOf(said)]: "", sending: [...this.#drafts.of(conversation).sending, said] });
    this.#emit("moved", { conversation });
    this.resume(conversation);
  }

  /** Goes on with what is on its way, also after a reload. */
  async resume(/** @type {number} */ conversation) {
    if (this.#running.has(conversation)) return;
    this.#running.add(conversation);
    for (let [said] = this.#drafts.of(conversation).sending; said; [said] = this.#drafts.of(conversation).sending) {
      try {
        const answered = await persist(conversation, said);
        this.#drop(conversation, said);
        this.#emit("sent", { conversation, answered: { ...answered, kind: said.kind }, attached: said.attached ?? [] });
      } catch (problem) {
        const attached = this.#takeBack(conversation);
        this.#emit("refused", { conversation, problem, attached });
      }
    }
    this.#running.delete(conversation);
  }

  #drop(/** @type {number} */ conversation, /** @type {any} */ said) {
    const rest = this.#drafts.of(conversation).sending.filter((/** @type {any} */ { client_msg_id }) => client_msg_id !== said.client_msg_id);
    this.#drafts.save(conversation, { sending: rest });
  }

  // What came after a refused one was said in the belief that it stands: all goes back, before what was typed meanwhile.
  #takeBack(/** @type {number} */ conversation) {
    const { answer, note, sending } = this.#drafts.of(conversation);
    const back = (/** @type {string} */ box, /** @type {string} */ typed) =>
      [...sending.filter((/** @type {any} */ said) => boxOf(said) === box).map((/** @type {any} */ { body }) => body), typed].filter(Boolean).join("\n");
    this.#drafts.save(conversation, { sending: [], answer: back("answer", answer), note: back("note", note) });
    return sending.flatMap((/** @type {any} */ said) => said.attached ?? []);
  }

  #emit(/** @type {string} */ name, /** @type {any} */ detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

const boxOf = (/** @type {{ kind: string }} */ { kind }) => (kind === "note" ? "note" : "answer");

async function persist(/** @type {number} */ conversation, /** @type {any} */ { kind, attached = [], ...said }) {
  const files = attached.map((/** @type {any} */ { whole }) => whole.id);
  for (;;) {
    try {
      return await post(`support/conversations/${conversation}/${kind}/`, { ...said, files });
    } catch (problem) {
      if (problem.status !== 0 && problem.status < 500 && !PASSING.has(problem.code)) throw problem;
      await new Promise((resolve) => setTimeout(resolve, problem.retryAfter ? problem.retryAfter * 1000 : AGAIN_MS));
    }
  }
}
