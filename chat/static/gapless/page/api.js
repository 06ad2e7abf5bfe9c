/** The HTTP API: JSON in and out, problems as errors with a sentence. Refuses to know who asks or why. */
const ROOT = "/api/v1/";
const token = () => document.querySelector('meta[name="csrf-token"]').content;

/** `code`, `detail` (a sentence), `errors` {field: [sentence]}, `retryAfter` in seconds or null. */
export class Problem extends Error {
  constructor({ status = 0, code = "unreachable", detail, errors = {}, retry_after: retryAfter = null }) {
    super(detail);
    Object.assign(this, { status, code, detail, errors, retryAfter });
  }
}

const unreachable = () =>
  new Problem({ detail: "The server could not be reached. Nothing was changed; check the connection and try again." });

export const get = (path, query = {}) => request("GET", `${path}?${new URLSearchParams(query)}`);

/** All of a list, page after page. */
export async function getAll(path, query = {}) {
  const all = [];
  for (let cursor = {}; cursor; ) {
    const { results, next } = await get(path, { ...query, ...cursor });
    all.push(...results);
    cursor = next && { cursor: new URL(next).searchParams.get("cursor") };
  }
  return all;
}

export const post = (path, body = {}) => request("POST", path, body);
export const patch = (path, body) => request("PATCH", path, body);
export const remove = (path, body) => request("DELETE", path, body);

async function request(method, path, body) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") Object.assign(headers, { "Content-Type": "application/json", "X-CSRFToken": token() });
  const response = await fetch(ROOT + path, { method, headers, body: body && JSON.stringify(body) }).catch(() => null);
  if (!response) throw unreachable();
  if (!response.ok) throw await problemOf(response);
  return response.status === 204 ? null : response.json();
}

async function problemOf(response) {
  const known = response.headers.get("Content-Type")?.includes("json") ? await response.json().catch(() => ({})) : {};
  const detail = known.detail || `The server answered with an error (${response.status}). Try again in a moment.`;
  const retryAfter = known.retry_after ?? (Number(response.headers.get("Retry-After")) || null);
  return new Problem({ ...known, status: response.status, code: known.code ?? "internal", detail, retry_after: retryAfter });
}

/** The close code that the person's state amounts to, or null: a refused socket does not say why, this does. */
export async function findReason() {
  const problem = await get("users/me/").then(() => null, (error) => error);
  return problem?.status === 401 || problem?.status === 403 ? 4500 : null;
}
