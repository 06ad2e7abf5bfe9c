/** Drafts with files: each goes out when its files are whole, and until then those behind it wait too. Knows no page. */
/** @typedef {import("./uploads.js").Uploads} Uploads */

export class Sending {
  #client;
  #uploads;
  #isAttached;
  #moved;

  /** `isAttached(key)`: to what is being written again; `moved(draft)`: a file of it has got further. */
  constructor(/** @type {{ client: Client, uploads: Uploads, isAttached: (key: string) => boolean, moved: (draft: Draft) => void }} */ { client, uploads, isAttached, moved }) {
    this.#client = client;
    this.#uploads = uploads;
    this.#isAttached = isAttached;
    this.#moved = moved;
    client.addEventListener("hello", () => {
      for (const draft of client.drafts()) this.#takeUp(draft);
    });
    client.addEventListener("draft", ({ detail: { draft, message } }) => this.#hear(draft, message));
    uploads.addEventListener("moved", (/** @type {any} */ { detail: { key } }) => {
      const draft = this.draftOf(key);
      if (draft) this.#follow(key, draft);
    });
  }

  draftOf(/** @type {string} */ key) {
    return this.#client.drafts().find((draft) => fileIn(draft, key));
  }

  #hear(/** @type {Draft} */ draft, /** @type {Message | null} */ message) {
    const keys = (draft.files ?? []).map(({ key }) => key);
    if (message) for (const key of keys) this.#uploads.forget(key);
    else if (draft.state === "discarded") for (const key of keys) this.#isAttached(key) || this.#uploads.cancel(key);
    else if (draft.state === "pending") this.#again(draft);
  }

  // Retried: what had failed is sent anew, and so is what the server does not have any more.
  #again(/** @type {Draft} */ draft) {
    for (const { key, whole } of draft.files ?? []) if (!whole) this.#uploads.retry(key);
    this.#takeUp(draft);
  }

  #takeUp(/** @type {Draft} */ draft) {
    if (draft.state !== "pending") return;
    for (const file of draft.files ?? []) if (!file.whole) this.#uploads.resume(file);
    for (const { key } of draft.files ?? []) this.#follow(key, draft);
  }

  #follow(/** @type {string} */ key, /** @type {Draft} */ draft) {
    const [state, file] = [this.#uploads.state(key), fileIn(draft, key)];
    if (!state || !file || file.whole || draft.state !== "pending") return;
    const isNews = state.whole || state.id !== file.id;
    Object.assign(file, { id: state.id, whole: state.whole });
    if (state.isFailed) this.#client.fail(draft, { code: "invalid", detail: `${file.name}: ${state.detail}` });
    else if (isNews) this.#client.keep(draft);
    else this.#moved(draft);
  }
}

const fileIn = (/** @type {Draft} */ { files = [] }, /** @type {string} */ key) => files.find((/** @type {any} */ file) => file.key === key);
