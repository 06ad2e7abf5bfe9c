/**
 * Hears of what is new: by a socket, and where sockets are blocked by requests that wait. Both only say that something is there,
 * or bring the next changes: what was missed is read by its number.
 */
import { pause } from "../client/backoff.js";
import { heardServerTime } from "../client/clock.js";
import { Connection } from "../client/connection.js";

const WAIT_SECONDS = 25;
/** After so many attempts without a hello the requests begin; the socket goes on trying beside them. */
const SOCKET_ATTEMPTS = 2;

/** Emits `changes` (a frame), `behind`, `typing` {users}, `state` {isOnline}, `ended`. */
export class Line extends EventTarget {
  #visit;
  #channel;
  #held;
  #epoch = "";
  #own = 0;
  #connection;
  #isPolling = false;
  #isOver = false;
  #ears = new AbortController();

  /** `held()`: the number up to which everything of the channel is here. */
  constructor(/** @type {{ visit: import("./visit.js").Visit, channel: number, held: () => number }} */ { visit, channel, held }) {
    super();
    this.#visit = visit;
    this.#channel = channel;
    this.#held = held;
    const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/`;
    this.#connection = new Connection({ url, protocols: ["gapless.v1", `gapless.visit.${visit.token}`], probe: () => this.#reason() });
    this.#connection.addEventListener("state", ({ detail }) => this.#feel(detail));
    this.#connection.addEventListener("frame", ({ detail }) => this.#hear(detail));
    this.#connection.addEventListener("ended", () => this.#end());
  }

  start() {
    this.#connection.start();
  }

  stop() {
    this.#isOver = true;
    this.#ears.abort();
    this.#connection.stop();
  }

  type(/** @type {boolean} */ on) {
    if (this.#connection.isOnline) this.#connection.send({ op: "typing", channel: this.#channel, on });
  }

  #feel(/** @type {any} */ { state, attempt }) {
    if (state === "online") this.#tell("state", { isOnline: true });
    else if (!this.#isPolling) this.#tell("state", { isOnline: false });
    if (state === "waiting" && attempt >= SOCKET_ATTEMPTS) this.#poll();
  }

  async #hear(/** @type {any} */ frame) {
    if (frame.time) heardServerTime(frame.time);
    if (frame.op === "hello") await this.#open(frame);
    else if (frame.channel === this.#channel && frame.op === "changes") this.#tell("changes", frame);
    else if (frame.channel === this.#channel && frame.op === "typing") this.#tell("typing", { users: frame.users.filter((/** @type {number} */ user) => user !== this.#own) });
    else if ((frame.heads?.[this.#channel] ?? 0) > this.#held()) this.#tell("behind");
    else if (frame.epoch && this.#epoch && frame.epoch !== this.#epoch) this.#connection.restart();
  }

  async #open(/** @type {any} */ hello) {
    const channels = Object.fromEntries(hello.channels.map((/** @type {any} */ { id, head }) => [id, id === this.#channel ? this.#held() : head]));
    this.#epoch = hello.epoch;
    this.#own = hello.user.id;
    const synced = await this.#connection.ask({ op: "sync", channels, epoch: hello.epoch }).catch(() => null);
    if (!synced) return;
    this.#connection.ready();
    this.#tell("behind");
  }

  async #poll() {
    if (this.#isPolling) return;
    this.#isPolling = true;
    for (let failures = 0; !this.#isOver && !this.#connection.isOnline; ) {
      try {
        await this.#visit.get(`channels/${this.#channel}/changes/`, { since: this.#held(), wait: WAIT_SECONDS }, this.#ears.signal);
        failures = 0;
        this.#tell("state", { isOnline: true });
        this.#tell("behind");
      } catch (trouble) {
        if (trouble.status === 401) return this.#end();
        this.#tell("state", { isOnline: false });
        await new Promise((resolve) => setTimeout(resolve, pause(++failures, trouble.retryAfter) * 1000));
      }
    }
    this.#isPolling = false;
  }

  async #reason() {
    const trouble = await this.#visit.get("support/conversations/").then(() => null, (error) => error);
    return trouble?.status === 401 ? 4500 : null;
  }

  #end() {
    if (!this.#isOver) this.#tell("ended");
    this.stop();
  }

  #tell(/** @type {string} */ name, /** @type {any} */ detail = null) {
    if (!this.#isOver) this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
