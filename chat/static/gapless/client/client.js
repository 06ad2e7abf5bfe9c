/**
 * The protocol client: holds a number for each channel, proves that nothing is missing, and gets messages out once,
 * in order. It knows nothing of the page; the page knows nothing of sockets.
 */
import { pause } from "./backoff.js";
import { heardServerTime } from "./clock.js";
import { Connection, Refusal } from "./connection.js";
import { Cursors } from "./cursors.js";
import { Heads, split } from "./heads.js";
import { Outbox } from "./outbox.js";
import { Reacting } from "./reacting.js";
import { Sender } from "./sender.js";

export { Refusal };

const SIGNED_OUT = 4500;
/** Frames that are told on as they are. */
const PASSED_ON = new Set(["receipts", "presence", "person", "typing", "viewing", "blocks", "thread"]);

/**
 * Events, each with its `detail`:
 * - `state` and `ended`, as Connection has them
 * - `hello` the frame: the person's channels as they are now
 * - `changes` {channel, after, head, changes}: exactly the next ones, never a repeat and never with a gap before them
 * - `resync` {channel, head}: too much was missed to be replayed; load it afresh from history
 * - `receipts`, `channel`, `presence`, `person`, `typing`, `viewing`, `blocks`, `thread`: the frames
 * - `refused` {code, detail, channel?}: a word of the server about nothing that was asked; with `channel`, there is no place in it
 * - `draft` {draft, message?}: a message of ours moved on; with `message` it was accepted
 * - `reaction` {wish, message?, detail?}: one of ours moved on; with `message` it was accepted, with `detail` refused
 */
export class Client extends EventTarget {
  #user;
  #heads;
  #outbox;
  #sender;
  #reacting;
  #connection;
  #cursors;
  #gapRefusals = 0;
  #epoch; // within which the heads can be compared
  #mostBytes = 16_384; // of a frame
  #lookForOrphans = () => {};

  /** `heads`: {channel id: number} that the page already shows, of this `epoch`. `probe`: see Connection. */
  constructor(/** @type {{ url: string, user: any, heads?: any, epoch?: string | null, probe?: any }} */ { url, user, heads = {}, epoch = null, probe = null }) {
    super();
    this.#epoch = epoch;
    this.#user = user;
    this.#heads = new Heads(heads);
    this.#outbox = new Outbox(user);
    this.#connection = new Connection({ url, probe });
    this.#cursors = new Cursors((/** @type {Frame} */ frame) => this.#connection.isOnline && this.#connection.send(frame));
    this.#sender = new Sender({
      outbox: this.#outbox,
      ask: (/** @type {Frame} */ frame) => this.#connection.ask(frame),
      isOnline: () => this.#connection.isOnline,
      headOf: (/** @type {number} */ channel) => this.#heads.get(channel),
      changed: (/** @type {Draft} */ draft, /** @type {Message} */ message) => this.#emit("draft", { draft, message }),
    });
    this.#reacting = new Reacting({
      user,
      ask: (/** @type {Frame} */ frame) => this.#connection.ask(frame),
      isOnline: () => this.#connection.isOnline,
      changed: (/** @type {any} */ wish, /** @type {Message} */ message) => this.#emit("reaction", { wish, message }),
      refused: (/** @type {any} */ wish, /** @type {string} */ detail) => this.#emit("reaction", { wish, detail }),
    });
    this.#connection.addEventListener("state", ({ detail }) => this.#emit("state", detail));
    this.#connection.addEventListener("ended", ({ detail }) => this.#emit("ended", detail));
    this.#connection.addEventListener("frame", ({ detail }) => this.#hear(detail));
  }

  get state() {
    return this.#connection.state;
  }

  start() {
    this.#connection.start();
    this.#outbox.watchTabs((/** @type {Draft} */ draft) => this.#emit("draft", { draft: { ...draft, state: "discarded" } }));
    this.#lookForOrphans = this.#outbox.watchOrphans((/** @type {Draft[]} */ drafts) => this.#adopt(drafts));
  }

  stop() {
    this.#connection.stop();
  }

  tryNow() {
    this.#connection.tryNow();
  }

  /** Another tab may have ended the sign-in: looks, and ends when that is so. */
  checkLogin() {
    return this.#connection.checkLogin();
  }

  /** Keeps the message and sends it as soon as it can be sent, its files whole too. Returns its draft at once. `more`: {thread, isAlso, files}. */
  post(/** @type {number} */ channel, /** @type {string} */ body, /** @type {number | null} */ replyTo = null, /** @type {any} */ more = {}) {
    const draft = this.#outbox.add({ channel, body, replyTo, ...more });
    this.#emit("draft", { draft });
    this.#sender.wake(channel);
    return draft;
  }

  /** From now on each new message can be taken back for so long before it is sent. */
  hold(/** @type {number} */ ms) {
    this.#outbox.holdMs = ms;
  }

  /** The messages of a channel (or of all) that are not accepted yet, in order: pending and failed. */
  drafts(/** @type {number | null} */ channel = null) {
    return channel == null ? this.#outbox.all() : this.#outbox.of(channel);
  }

  /** Whether the browser has refused to keep one of them: it is lost with the page. */
  get isUnkept() {
    return this.#outbox.isUnkept;
  }

  /** Of a draft's files more has come: keeps it so, and sends it when they are whole. */
  keep(/** @type {Draft} */ draft) {
    this.#outbox.save(draft);
    this.#emit("draft", { draft });
    this.#sender.wake(draft.channel);
  }

  /** A draft that can't go out as it is, for a reason {code, detail} that the server never heard. */
  fail(/** @type {Draft} */ draft, /** @type {{ code: string, detail: string }} */ reason) {
    this.#sender.fail(draft, reason);
    this.#sender.wake(draft.channel);
  }

  /** Sends a failed draft again, in its old place. Harmless when it had arrived after all. */
  retry(/** @type {Draft} */ draft) {
    if (draft.error?.code === "conflict") this.#outbox.rename(draft);
    Object.assign(draft, { state: "pending", after: null, error: null, tries: 0 });
    this.#outbox.save(draft);
    this.#emit("draft", { draft });
    this.#sender.wake(draft.channel);
  }

  discard(/** @type {Draft} */ draft) {
    this.#outbox.remove(draft.client_msg_id);
    this.#emit("draft", { draft: { ...draft, state: "discarded" } });
  }

  /** For what is done at once: a command with its `op`. Resolves to the `ok`; rejects with a Refusal. Not repeated: the caller keeps it. */
  ask(/** @type {Command} */ command) {
    return this.#connection.ask(command);
  }

  /** Keeps a reaction, or its end, and sends it as soon as it can be sent: {channel, message, emoji, isOn}. */
  react(/** @type {{ channel: number, message: number, emoji: string, isOn: boolean }} */ wish) {
    this.#reacting.wish(wish);
  }

  /** The reactions of ours to this message that the server has not taken yet: [{emoji, isOn}]. */
  wishes(/** @type {number} */ message) {
    return this.#reacting.of(message);
  }

  /** The person has seen everything up to `seq`. */
  read(/** @type {number} */ channel, /** @type {number} */ seq) {
    this.#cursors.move("read", channel, seq);
  }

  /** This device has everything up to `seq`; said by itself for live changes, by the page for loaded history. */
  delivered(/** @type {number} */ channel, /** @type {number} */ seq) {
    this.#cursors.move("delivered", channel, seq);
  }

  /** Of the moment: not repeated. */
  typing(/** @type {number} */ channel, /** @type {boolean} */ on, { uploading = false, thread = /** @type {number | null} */ (null) } = {}) {
    this.#connection.isOnline && this.#connection.send({ op: "typing", channel, on, ...(thread && { thread }), ...(uploading && { uploading }) });
  }

  /** Whether the agent looks at a support conversation: to be said again every 3 s. Of the moment: not repeated. */
  viewing(/** @type {number} */ channel, /** @type {boolean} */ on) {
    this.#connection.isOnline && this.#connection.send({ op: "viewing", channel, on });
  }

  #hear(/** @type {Frame} */ frame) {
    if (frame.time) heardServerTime(frame.time);
    if (frame.op === "hello") this.#open(frame);
    else if (frame.op === "changes") this.#apply(frame);
    else if (frame.op === "heartbeat" || frame.op === "pong") this.#compare(frame);
    else if (frame.op === "channel") this.#follow(frame);
    else if (PASSED_ON.has(frame.op)) this.#emit(frame.op, frame);
    else if (frame.op === "error") this.#refuse(frame);
  }

  async #open(/** @type {Frame} */ hello) {
    // Somebody else has signed in in another tab: what this one shows and holds is not theirs.
    if (hello.user.id !== this.#user) return this.#connection.end(SIGNED_OUT);
    this.#emit("hello", hello);
    const asked = this.#heads.open(hello.channels);
    const isRewound = this.#epoch != null && this.#epoch !== hello.epoch;
    if (isRewound) this.#cursors.clear();
    this.#mostBytes = hello.limits.frame_bytes;
    try {
      this.#settle(asked, await this.#sync(asked));
    } catch {
      return; // the opening deadline closes this socket, the next one asks again
    }
    this.#epoch = hello.epoch;
    this.#connection.ready();
    this.#cursors.resend(hello.channels);
    this.#sender.wakeAll();
    this.#reacting.wake();
    this.#lookForOrphans();
    this.#closeGaps();
  }

  // What does not fit into a frame goes in several; resolves to all their answers together.
  async #sync(/** @type {any} */ held) {
    const frames = split(held, this.#mostBytes);
    const epoch = this.#epoch == null ? {} : { epoch: this.#epoch };
    const channels = {};
    for (const [place, part] of frames.entries()) {
      const more = place < frames.length - 1 ? { more: true } : {};
      Object.assign(channels, (await this.#connection.ask({ op: "sync", channels: part, ...epoch, ...more })).channels);
    }
    return { channels };
  }

  #apply(/** @type {Frame} */ frame) {
    if (!this.#heads.accept(frame)) return this.#closeGaps();
    for (const change of frame.changes) this.#recognise(change);
    this.#emit("changes", frame);
    const seqs = frame.changes.map((/** @type {{ seq: number }} */ { seq }) => seq);
    if (seqs.length) this.delivered(frame.channel, Math.max(...seqs));
  }

  // One's own message may come by the log before its `ok`, or instead of it.
  #recognise(/** @type {any} */ change) {
    const draft = change.sender?.id === this.#user && this.#outbox.get(change.client_msg_id);
    if (!draft) return;
    this.#outbox.remove(draft.client_msg_id);
    this.#emit("draft", { draft, message: change });
  }

  #compare(/** @type {{ heads?: any, epoch: string | null }} */ { heads = {}, epoch }) {
    if (this.#connection.isOnline && epoch !== this.#epoch) return this.#connection.restart();
    for (const [channel, head] of Object.entries(heads)) this.#heads.hear(Number(channel), head);
    this.#closeGaps();
    this.#lookForOrphans();
  }

  #follow(/** @type {Frame} */ frame) {
    const { id: channel, head } = frame.channel;
    const isOver = ["left", "removed"].includes(frame.action);
    if (isOver) this.#heads.forget(channel);
    const mustReload = !isOver && this.#heads.welcome(channel, head, { isReplayed: frame.action !== "joined" });
    this.#emit("channel", frame);
    if (mustReload) this.#emit("resync", { channel, head });
  }

  #refuse(/** @type {Frame} */ frame) {
    if (frame.channel != null && frame.code === "too_many_connections") this.#heads.refuse(frame.channel);
    this.#emit("refused", frame);
  }

  async #closeGaps() {
    const channels = this.#heads.ask();
    if (!Object.keys(channels).length) return;
    try {
      this.#settle(channels, await this.#sync(channels));
      this.#gapRefusals = 0;
      this.#closeGaps();
    } catch (refusal) {
      this.#heads.release(Object.keys(channels));
      if (refusal.code === "connection_lost") return; // the next connection syncs
      setTimeout(() => this.#closeGaps(), pause(++this.#gapRefusals, refusal.retryAfter) * 1000);
    }
  }

  #settle(/** @type {any} */ asked, /** @type {{ channels: any }} */ { channels }) {
    for (const [id, before] of Object.entries(asked)) {
      const channel = Number(id);
      const answer = channels[id];
      if (!answer) this.#heads.miss(channel);
      else if (this.#heads.settle(channel, before, answer)) this.#emit("resync", { channel, head: answer.head });
    }
  }

  #adopt(/** @type {Draft[]} */ drafts) {
    for (const draft of drafts) this.#emit("draft", { draft });
    this.#sender.wakeAll();
  }

  #emit(/** @type {string} */ name, /** @type {any} */ detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
