/** The HTTP API: JSON in and out, problems as errors with a sentence. Refuses to know who asks or why. */
import { within } from "../client/patience.js";

const ROOT = "/api/v1/";
const ANSWER_MS = 20_000; // for what only asks: a line that is up and brings nothing is given up, and what asks tries again
const SIGNED_OUT = "You are signed out. Sign in again: what you had not sent is kept in this browser.";
const keyOfPage = () => document.querySelector('meta[name="csrf-token"]');

/** `code`, `detail` (a sentence), `errors` {field: [sentence]}, `missed` messages, `retryAfter` in seconds or null. */
export class Problem extends Error {
  constructor(/** @type {{ status?: any, code?: any, detail: any, errors?: any, missed?: any[], retry_after?: number | null }} */ { status = 0, code = "unreachable", detail, errors = {}, missed = [], retry_after: retryAfter = null }) {
    super(detail);
    Object.assign(this, { status, code, detail, errors, missed, retryAfter });
  }
}

const unreachable = () =>
  new Problem({ detail: "The server could not be reached. Nothing was changed; check the connection and try again." });

export const get = (/** @type {string} */ path, query = {}) => request("GET", `${path}?${new URLSearchParams(query)}`, undefined);

/** All of a list, page after page. */
export async function getAll(/** @type {string} */ path, query = {}) {
  const all = [];
  for (let cursor = {}; cursor; ) {
    const { results, next } = await get(path, { ...query, ...cursor });
    all.push(...results);
    cursor = next && { cursor: new URL(next).searchParams.get("cursor") };
  }
  return all;
}

export const post = (/** @type {string} */ path, body = {}) => once("POST", path, body);
export const patch = (/** @type {string} */ path, /** @type {any} */ body) => once("PATCH", path, body);
export const remove = (/** @type {string} */ path, /** @type {any} */ body = undefined) => once("DELETE", path, body);
/** For what may be there twice, like two files of one name. */
export const postEach = (/** @type {string} */ path, /** @type {any} */ body) => request("POST", path, body);

/** A piece of a file. */
export const send = (/** @type {string} */ path, /** @type {Blob} */ blob, /** @type {AbortSignal} */ signal) => request("PATCH", path, blob, signal);

/** @type {{ what: string, answer: Promise<any> } | null} */
let latest = null;

// The second half of a double click, while the first is under way, gets its answer.
function once(/** @type {string} */ method, /** @type {string} */ path, /** @type {any} */ body) {
  const what = `${method} ${path} ${JSON.stringify(body)}`;
  if (latest?.what === what) return latest.answer;
  const answer = request(method, path, body).finally(() => {
    if (latest?.answer === answer) latest = null;
  });
  latest = { what, answer };
  return answer;
}

/** @param {AbortSignal} [signal] */
async function request(/** @type {string} */ method, /** @type {string} */ path, /** @type {any} */ body, signal) {
  if (method !== "GET") return exchange(method, path, body, signal);
  return within(ANSWER_MS, (patience) => exchange(method, path, body, patience)).catch((problem) => {
    throw problem instanceof Problem ? problem : unreachable(); // the answer broke off
  });
}

/** @param {AbortSignal} [signal] */
async function exchange(/** @type {string} */ method, /** @type {string} */ path, /** @type {any} */ body, signal, isRenewed = false) {
  const isBytes = body instanceof Blob;
  const headers = { Accept: "application/json" };
  if (method !== "GET") Object.assign(headers, { "Content-Type": isBytes ? "application/octet-stream" : "application/json", "X-CSRFToken": keyOfPage().content });
  const response = await fetch(ROOT + path, { method, headers, body: isBytes ? body : body && JSON.stringify(body), signal }).catch(/** @returns {any} */ () => null);
  if (!response) throw unreachable();
  if (response.ok) return response.status === 204 ? null : response.json();
  const key = response.headers.get("X-CSRFToken");
  if (!key || isRenewed) throw await problemOf(response);
  await renew(key);
  return exchange(method, path, body, signal, true);
}

// Somebody has signed in anew in another tab. Who is another one must not act here for the one whose page this is.
async function renew(/** @type {string} */ key) {
  const { id } = await get("users/me/");
  if (String(id) !== keyOfPage().dataset.user) throw new Problem({ status: 401, code: "forbidden", detail: SIGNED_OUT });
  keyOfPage().content = key;
}

async function problemOf(/** @type {any} */ response) {
  const known = response.headers.get("Content-Type")?.includes("json") ? await response.json().catch(() => ({})) : {};
  const detail = response.status === 401 ? SIGNED_OUT : known.detail || `The server answered with an error (${response.status}). Try again in a moment.`;
  const retryAfter = known.retry_after ?? (Number(response.headers.get("Retry-After")) || null);
  return new Problem({ ...known, status: response.status, code: known.code ?? "internal", detail, retry_after: retryAfter });
}

/** The close code that the person's state amounts to, or null: a refused socket does not say why, this does. */
export async function findReason() {
  const problem = await get("users/me/").then(/** @returns {any} */ () => null, (error) => error);
  return problem?.status === 401 || problem?.status === 403 ? 4500 : null;
}
