/**
 * Who somebody is to the inbox: the token of their visit, kept by the browser for this inbox, and requests with it.
 * A visit begins with the first message, or with an identity that the company has signed; nothing is asked for before.
 */
import { within } from "../client/patience.js";

const ROOT = "/api/v1/";
const ANSWER_MS = 20_000; // beside the seconds for which a request itself asks the server to wait

/** `status` 0: the server could not be reached. `detail` is a sentence. */
export class Trouble extends Error {
  constructor(/** @type {{ status?: number, code?: string, detail?: string, retry_after?: number | null }} */ { status = 0, code = "unreachable", detail = "The chat can't be reached at the moment.", retry_after: retryAfter = null }) {
    super(detail);
    Object.assign(this, { status, code, detail, retryAfter });
  }
}

const KEPT = "visit";

/** Emits `changed` when another tab has begun or ended the visit. */
export class Visit extends EventTarget {
  #key;
  #store;
  /** @type {{ token: string, sub: string | null } | null} */ #kept;
  /** @type {string | null} */ #identity = null;
  /** @type {Promise<void> | null} */ #beginning = null;

  constructor(/** @type {string} */ key, /** @type {import("./store.js").Store} */ store) {
    super();
    this.#key = key;
    this.#store = store;
    this.#kept = store.get(KEPT);
    store.addEventListener("changed", ({ detail: { name } }) => {
      const before = this.token;
      if (name === KEPT) this.#kept = store.get(KEPT);
      if (before !== this.token) this.dispatchEvent(new CustomEvent("changed"));
    });
  }

  get token() {
    return this.#kept?.token ?? null;
  }

  /** What the page says of who is there; resolves to whether it is another person than before. */
  async identify(/** @type {string | null} */ identity) {
    this.#identity = identity;
    const sub = subjectOf(identity);
    if (sub == null || sub === this.#kept?.sub) return false;
    // Of somebody else: their visit is not this one's to go on with.
    if (this.#kept?.sub != null) this.forget();
    await this.#begin(identity);
    return true;
  }

  /** The token, of a visit that begins now if there is none: one for all tabs, whatever asks for it at once. */
  async begun() {
    if (this.token) return this.token;
    this.#beginning ??= this.#beginOnce().finally(() => (this.#beginning = null));
    await this.#beginning;
    return this.token;
  }

  async #beginOnce() {
    const begin = async () => {
      this.#kept = this.#store.get(KEPT) ?? this.#kept;
      if (!this.token) await this.#begin(this.#identity);
    };
    await ((await hasLocks()) ? navigator.locks.request(`gapless.${this.#key}`, begin) : begin());
  }

  forget() {
    this.#kept = null;
    this.#store.remove(KEPT);
  }

  get = (/** @type {string} */ path, /** @type {Record<string, any>} */ query = {}, /** @type {AbortSignal[]} */ ...signal) =>
    this.#ask("GET", `${path}?${new URLSearchParams(query)}`, undefined, ANSWER_MS + 1000 * (query.wait ?? 0), ...signal);

  post = (/** @type {string} */ path, /** @type {object} */ body) => this.#ask("POST", path, body, ANSWER_MS);

  remove = (/** @type {string} */ path) => this.#ask("DELETE", path, undefined, ANSWER_MS);

  /** A piece of a file. */
  send = (/** @type {string} */ path, /** @type {Blob} */ blob, /** @type {AbortSignal} */ signal) => this.#exchange("PATCH", path, blob, signal);

  /** The bytes of a file. @returns {Promise<Blob>} */
  async bring(/** @type {string} */ path) {
    const response = await fetch(ROOT + path.slice(1), { headers: { Authorization: `Bearer ${this.token}` }, credentials: "omit" }).catch(() => null);
    if (!response?.ok) throw new Trouble({ status: response?.status });
    return response.blob();
  }

  async #begin(/** @type {string | null} */ identity) {
    const { token } = await this.#ask("POST", `support/${this.#key}/visits/`, identity == null ? {} : { identity }, ANSWER_MS);
    this.#kept = { token, sub: subjectOf(identity) };
    this.#store.set(KEPT, this.#kept);
  }

  // What brings no answer is given up. A message that is sent again has the same id.
  #ask(/** @type {string} */ method, /** @type {string} */ path, /** @type {any} */ body, /** @type {number} */ ms, /** @type {AbortSignal[]} */ ...signals) {
    return within(ms, (signal) => this.#exchange(method, path, body, signal), ...signals);
  }

  async #exchange(/** @type {string} */ method, /** @type {string} */ path, /** @type {any} */ body, /** @type {AbortSignal} */ signal) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json" };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    const isBytes = body instanceof Blob;
    if (body) headers["Content-Type"] = isBytes ? "application/octet-stream" : "application/json";
    const response = await fetch(ROOT + path, { method, headers, body: isBytes ? body : body && JSON.stringify(body), credentials: "omit", signal }).catch(() => null);
    if (!response) throw new Trouble({});
    if (!response.ok) throw new Trouble({ ...(await response.json().catch(() => ({}))), status: response.status });
    if (response.status === 204) return null;
    return response.json().catch(() => {
      throw new Trouble({}); // the answer broke off
    });
  }
}

// Not in plain http, and not where the browser gives a frame nothing.
const hasLocks = () => navigator.locks?.query().then(() => true, () => false) ?? false;

// Only to tell persons apart: who somebody is, the server decides by the signature.
function subjectOf(/** @type {string | null} */ identity) {
  try {
    return String(JSON.parse(atob((identity ?? "").split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))).sub);
  } catch {
    return identity;
  }
}
