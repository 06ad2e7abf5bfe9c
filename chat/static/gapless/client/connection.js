/**
 * One socket that comes back for ever: opening deadline, back-off, heartbeat, questions and answers.
 * Knows frames as objects with an `op` and a `ref`; refuses to know what a channel or a message is.
 */
import { elapsed } from "./clock.js";

const OPENING_MS = 5_000; // to the hello, and then to each further frame until the sync is answered
const PING_MS = 30_000;
const SILENT_MS = 75_000;
const CHECK_MS = 5_000; // after sleep, a change of network, or a question without an answer
const TICK_MS = 5_000;
const SLEPT_MS = 20_000; // a tick this late means that the tab or the machine slept
const EAGER_ATTEMPTS = 3;
const LONGEST_WAIT_MS = 30_000;

/** An answer that is not `ok`. `retryAfter` is in seconds, or null when repeating is pointless. */
export class Refusal extends Error {
  constructor(/** @type {{ code: any, detail: any, retry_after?: number | null, reference?: string | null }} */ { code, detail, retry_after: retryAfter = null, reference = null }) {
    super(detail || code);
    Object.assign(this, { code, detail: detail || code, retryAfter, reference });
  }
}

const lost = () => new Refusal({ code: "connection_lost", detail: "The connection was lost before the server answered." });
const unanswered = () => new Refusal({ code: "no_answer", detail: "The server did not answer in time." });
const SIGNED_OUT = 4500;
const isFinal = (/** @type {any} */ code) => code >= 4500 && code <= 4999;

/**
 * Emits `state` {state: connecting | online | waiting | ended, isDoubtful, attempt, retryAt} (`isDoubtful`: a sign of life
 * is waited for; `retryAt` as `elapsed` counts), `frame` (every push and pong) and `ended` {code}. The owner answers `hello` and then calls `ready()`, which alone resets the back-off.
 * `probe` may look, after a refused handshake, whether there is a final reason: it resolves to a close code or null.
 */
export class Connection extends EventTarget {
  #url;
  #protocols;
  #probe;
  /** @type {WebSocket | null} */ #socket = null;
  #state = "idle";
  #isDoubtful = false;
  #attempt = 0;
  /** @type {number | null} */ #retryAt = null;
  /** @type {any} */ #goodbye = null;
  #wasOpen = false;
  #asked = new Map();
  #lastRef = 0;
  /** @type {any} */ #timer = null;
  /** @type {any} */ #ticker = null;
  #heardAt = 0;
  #pingedAt = 0;
  #tickedAt = 0;
  #tickedAtDay = 0; // the same by the clock of day, which goes on while the machine sleeps
  /** @type {number | null} */ #hiddenAt = null;
  /** @type {AbortController | null} */ #ears = null;

  constructor(/** @type {{ url: string, protocols?: string[], probe?: any }} */ { url, protocols = ["gapless.v1"], probe = null }) {
    super();
    this.#url = url;
    this.#protocols = protocols;
    this.#probe = probe;
  }

  get isOnline() {
    return this.#state === "online";
  }

  get state() {
    return { state: this.#state, isDoubtful: this.#isDoubtful, attempt: this.#attempt, retryAt: this.#retryAt };
  }

  start() {
    if (this.#ears) return;
    this.#ears = new AbortController();
    const { signal } = this.#ears;
    globalThis.addEventListener?.("online", () => this.check(), { signal });
    globalThis.addEventListener?.("offline", () => this.isOnline && this.check(), { signal });
    globalThis.document?.addEventListener("visibilitychange", () => this.#watchVisibility(), { signal });
    this.#connect();
  }

  stop() {
    this.#ears?.abort();
    this.#ears = null;
    this.#abandon(lost());
    this.#become("idle");
  }

  /** Over for good, with a close code as the reason. */
  end(/** @type {any} */ code) {
    this.#abandon(lost());
    this.#become("ended");
    this.dispatchEvent(new CustomEvent("ended", { detail: { code } }));
  }

  /** Connects at once when waiting. Does nothing when online, connecting or ended. */
  tryNow() {
    if (this.#state === "waiting") this.#connect();
  }

  /** Opening is complete: the server answered the first sync. */
  ready() {
    clearTimeout(this.#timer);
    this.#attempt = 0;
    this.#pingedAt = this.#tickedAt = elapsed();
    this.#tickedAtDay = Date.now();
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    this.#become("online");
  }

  /** What this connection began with holds no more: comes back at once. */
  restart() {
    if (this.isOnline) this.#drop();
  }

  /** Asks for a sign of life within 5 s, and reconnects without one. */
  check() {
    if (!this.isOnline) return this.tryNow();
    this.#pingedAt = elapsed();
    this.#doubt(true);
    const socket = this.#socket;
    this.ask({ op: "ping" }, CHECK_MS).then(
      () => this.#doubt(false),
      (refusal) => refusal.code === "no_answer" && socket === this.#socket && this.#drop(),
    );
  }

  /** Sends a frame that has no answer; false when there is no open socket. */
  send(/** @type {Frame} */ frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Resolves to the `ok` or `pong`; rejects with a Refusal: the server's, `no_answer` or `connection_lost`. */
  ask(/** @type {Frame} */ frame, withinMs = 20_000) {
    return new Promise((resolve, reject) => {
      const ref = ++this.#lastRef;
      if (!this.send({ ...frame, ref })) return reject(lost());
      const timer = setTimeout(() => this.#asked.delete(ref) && reject(unanswered()), withinMs);
      this.#asked.set(ref, { resolve, reject, timer });
      if (frame.op !== "ping") this.#suspect(ref);
    });
  }

  // The line may be up and bring nothing: then a question is the first to feel it. A server that is only slow answers a ping.
  #suspect(/** @type {number} */ ref) {
    const [socket, askedAt] = [this.#socket, elapsed()];
    setTimeout(() => {
      const isOpen = this.#asked.has(ref) && socket === this.#socket && this.isOnline;
      if (isOpen && !this.#isDoubtful && this.#heardAt < askedAt) this.check();
    }, CHECK_MS);
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#attempt += 1;
    this.#goodbye = null;
    this.#wasOpen = false;
    this.#become("connecting");
    this.#limitOpening();
    const socket = new WebSocket(this.#url, this.#protocols);
    socket.onopen = () => (this.#wasOpen = true);
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.#lost(event.code);
    this.#socket = socket;
  }

  #limitOpening() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#drop(), OPENING_MS);
  }

  #receive(/** @type {string} */ text) {
    this.#heardAt = elapsed();
    if (this.#state === "connecting") this.#limitOpening(); // thousands of channels take their time
    const frame = JSON.parse(text);
    if (frame.op === "goodbye") this.#goodbye = frame;
    const question = frame.ref != null && this.#asked.get(frame.ref);
    // The page hears of a pong's heads before the caller that asked goes on.
    if (!question || frame.op === "pong") this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
    if (question) this.#answer(question, frame);
  }

  #answer(/** @type {any} */ question, /** @type {Frame} */ frame) {
    clearTimeout(question.timer);
    this.#asked.delete(frame.ref);
    if (frame.op === "error") question.reject(new Refusal(frame));
    else question.resolve(frame);
  }

  #drop() {
    this.#lost(1006);
  }

  #lost(/** @type {number} */ closeCode) {
    const wasOpen = this.#wasOpen;
    const code = this.#goodbye && !isFinal(closeCode) ? this.#goodbye.code : closeCode;
    this.#abandon(lost());
    // The tab's session may have been renewed under it (another password): then the probe finds no reason to stay away.
    const mayBeRenewed = code === SIGNED_OUT && this.#probe;
    if (isFinal(code) && !mayBeRenewed) return this.end(code);
    this.#wait();
    if (mayBeRenewed || (!wasOpen && this.#attempt > 1)) this.#askProbe();
  }

  #abandon(/** @type {Refused} */ refusal) {
    clearTimeout(this.#timer);
    clearInterval(this.#ticker);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    const questions = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject, timer } of questions) {
      clearTimeout(timer);
      reject(refusal);
    }
  }

  #wait() {
    const ms = this.#goodbye?.retry_after != null ? this.#goodbye.retry_after * 1000 : this.#backoff();
    this.#retryAt = elapsed() + ms;
    this.#timer = setTimeout(() => this.#connect(), ms);
    this.#become("waiting");
  }

  #backoff() {
    if (this.#attempt < EAGER_ATTEMPTS) return Math.random() * 1000;
    return Math.random() * Math.min(LONGEST_WAIT_MS, 1000 * 2 ** (this.#attempt - EAGER_ATTEMPTS + 1));
  }

  /** Asks the probe whatever the socket says, and ends when it finds a final reason. */
  async checkLogin() {
    const code = await this.#probe?.().catch(/** @returns {any} */ () => null);
    if (code && this.#ears && this.#state !== "ended") this.end(code);
  }

  async #askProbe() {
    const code = await this.#probe?.().catch(/** @returns {any} */ () => null);
    if (code && this.#state === "waiting") this.end(code);
  }

  #tick() {
    const now = elapsed();
    const slept = now - this.#tickedAt > SLEPT_MS || Date.now() - this.#tickedAtDay > SLEPT_MS;
    this.#tickedAt = now;
    this.#tickedAtDay = Date.now();
    if (slept) return this.check();
    if (now - this.#heardAt > SILENT_MS) return this.#drop();
    if (now - this.#pingedAt < PING_MS) return;
    this.#pingedAt = now;
    this.ask({ op: "ping" }, SILENT_MS).catch(() => {}); // silence is judged by the clock above
  }

  #watchVisibility() {
    const isHidden = document.visibilityState === "hidden";
    if (!isHidden && this.#hiddenAt != null && elapsed() - this.#hiddenAt > SLEPT_MS) this.check();
    this.#hiddenAt = isHidden ? elapsed() : null;
  }

  #become(/** @type {any} */ state) {
    this.#state = state;
    this.#isDoubtful = false;
    if (state !== "waiting") this.#retryAt = null;
    this.#tellState();
  }

  #doubt(/** @type {boolean} */ isDoubtful) {
    this.#isDoubtful = isDoubtful && this.isOnline;
    this.#tellState();
  }

  #tellState() {
    this.dispatchEvent(new CustomEvent("state", { detail: this.state }));
  }
}
