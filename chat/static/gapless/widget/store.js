/**
 * What the browser keeps for the chat: in the frame's own storage. Browsers that block what is of third parties give a frame none:
 * then the company's page keeps it for us, in the storage of its own, and hands it over when the chat is opened.
 */

/** Emits `changed` {name} when another tab has changed something. */
export class Store extends EventTarget {
  #prefix;
  #keep;
  /** @type {Map<string, string> | null} */ #handed = null;

  /** `keep(name, value)`: asks the company's page to; null takes away. */
  constructor(/** @type {string} */ key, /** @type {(name: string, value: string | null) => void} */ keep) {
    super();
    this.#prefix = `gapless.${key}.`;
    this.#keep = keep;
    try {
      localStorage.getItem(this.#prefix);
    } catch {
      this.#handed = new Map();
    }
    globalThis.addEventListener("storage", ({ key: name }) => name?.startsWith(this.#prefix) && this.#tell(name.slice(this.#prefix.length)));
  }

  /** Whether the company's page has to keep it. */
  get isForgetful() {
    return this.#handed != null;
  }

  /** What the company's page has kept for us. */
  adopt(/** @type {Record<string, string>} */ kept) {
    if (this.#handed) for (const [name, value] of Object.entries(kept)) this.#handed.set(name, String(value));
  }

  /** Another tab of the company's page has kept this. */
  hear(/** @type {string} */ name, /** @type {string | null} */ value) {
    if (!this.#handed) return;
    if (value == null) this.#handed.delete(name);
    else this.#handed.set(name, value);
    this.#tell(name);
  }

  get(/** @type {string} */ name) {
    try {
      return JSON.parse((this.#handed ? this.#handed.get(name) : localStorage.getItem(this.#prefix + name)) ?? "null");
    } catch {
      return null;
    }
  }

  set(/** @type {string} */ name, /** @type {any} */ value) {
    const text = JSON.stringify(value);
    if (this.#handed) {
      this.#handed.set(name, text);
      return this.#keep(name, text);
    }
    try {
      localStorage.setItem(this.#prefix + name, text);
    } catch {
      // Full: it lasts as long as the page.
    }
  }

  remove(/** @type {string} */ name) {
    if (!this.#handed) return localStorage.removeItem(this.#prefix + name);
    this.#handed.delete(name);
    this.#keep(name, null);
  }

  #tell(/** @type {string} */ name) {
    this.dispatchEvent(new CustomEvent("changed", { detail: { name } }));
  }
}
