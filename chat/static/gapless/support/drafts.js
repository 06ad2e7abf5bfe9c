/** What an agent has typed and not sent, for each conversation: it survives a reload, a claim by somebody else, and a resolution. */
const PREFIX = "gapless.desk.draft.";

export class Drafts {
  #prefix;
  /** @type {Map<string, any>} */ #held = new Map(); // where the browser keeps nothing

  constructor(/** @type {number} */ me) {
    this.#prefix = `${PREFIX}${me}.`;
  }

  /** {answer, note, mode, sending}: `sending` [{kind, client_msg_id, body, attached, seen_seq}] is on its way, and may have arrived. */
  of(/** @type {number} */ conversation) {
    return { answer: "", note: "", mode: "answer", sending: [], ...this.#read(conversation) };
  }

  save(/** @type {number} */ conversation, /** @type {any} */ changed) {
    const draft = { ...this.of(conversation), ...changed };
    const isEmpty = !draft.answer && !draft.note && !draft.sending.length;
    this.#held.set(String(conversation), draft);
    try {
      if (isEmpty) localStorage.removeItem(this.#prefix + conversation);
      else localStorage.setItem(this.#prefix + conversation, JSON.stringify(draft));
    } catch {
      // Full or forbidden: kept as long as the page is open.
    }
  }

  has(/** @type {number} */ conversation) {
    const { answer, note } = this.of(conversation);
    return Boolean(answer.trim() || note.trim());
  }

  #read(/** @type {number} */ conversation) {
    try {
      const kept = localStorage.getItem(this.#prefix + conversation);
      if (kept) return JSON.parse(kept);
    } catch {
      // as above
    }
    return this.#held.get(String(conversation));
  }
}
