/**
 * What the features of the page share: its parts, built from the state that came with it, the way from the client to the
 * open channel, and going places. Refuses to know any feature: they listen, and put what they offer into the lists here.
 */
import { findReason, post } from "./api.js";
import { Channels, isAtDesk, pathOf } from "../channels/channels.js";
import { Client } from "../client/client.js";
import * as dialogs from "./dialogs.js";
import { byId, isNarrow, paintAvatar } from "./dom.js";
import * as keys from "./keys.js";
import { Around } from "../people/around.js";
import { Blocks } from "../people/blocks.js";
import { Directory } from "../people/directory.js";
import { loadMembers } from "../people/members.js";
import { learn, renames } from "../people/names.js";
import { People } from "../people/people.js";
import { Router } from "./router.js";
import { isInChannel } from "../timeline/order.js";
import { Pane } from "../timeline/pane.js";
import { Reading } from "../timeline/reading.js";
import { statusOf } from "../timeline/receipts.js";
import { Scroll } from "../timeline/scroll.js";
import { Timeline } from "../timeline/timeline.js";

/**
 * Events, each with its `detail`:
 * - `going` the channel, or null: about to be shown, while `here` is still the one before
 * - `shown` the channel, or null: on screen from now on
 * - `told` the open channel, whose description may have changed
 * - `ended` the open channel, in which nothing can be done any more
 * - `fresh` {channel, messages}: new ones of others, in any channel, before they are shown
 * - `replied` {channel, messages}: the same of those that are only in their threads
 * - `applied` {channel, messages}: as they are now, in any channel; the pane has shown them already
 */
export class Page extends EventTarget {
  /** @type {Record<string, Callback>} */ openers = {}; // what a button with `data-open` opens
  /** @type {Record<string, Callback>} */ shortcuts = {}; // with Ctrl or Cmd, everywhere
  /** @type {Record<string, Callback>} */ keys = {}; // where nobody is writing
  /** @type {Record<string, Callback>} */ withAlt = {}; // with Alt, everywhere
  /** @type {Callback[]} */ cancels = []; // for Escape, in this order: each returns true when there was something to cancel
  /** @type {Record<string, MessageAct>} */ acts = {}; // what can be done with a message
  /** @type {import("../writing/completion.js").Kind[]} */ completions = []; // what a word may become while it is written
  /** @type {{ list: any, timeline: Timeline }[]} */ lists = []; // where messages stand in rows
  /** @type {Map<Timeline, any>} */ writers = new Map(); // the box in which what stands there is answered and edited
  /** @type {Map<Timeline, (seq: number) => unknown>} */ readers = new Map(); // marks what stands there as unread, from a number on; may reject with a sentence
  /** @type {Callback} */ follows = () => false; // whether the person follows the thread with this root
  /** @type {() => number | null} */ threadHere = () => null; // the root of the open one
  uncover = () => {}; // closes it where it covers the channel
  /** @type {Callback} */ openThread = () => {}; // the one of this root {id, channel}, at a number in it
  showThreadDrafts = () => {}; // what is on its way into the open thread

  constructor(/** @type {any} */ state) {
    super();
    this.state = state;
    this.me = { ...state.me, moderates: Boolean(state.desk?.moderates_everywhere) };
    this.blocks = new Blocks(state.blocks);
    this.channels = new Channels(state.channels, this.me, (/** @type {any} */ user) => this.blocks.has(user));
    this.client = new Client({
      url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/`,
      user: this.me.id,
      heads: Object.fromEntries(state.channels.map((/** @type {Channel} */ { id, head }) => [id, head])),
      epoch: state.epoch,
      probe: findReason,
    });
    this.directory = new Directory({ load: loadMembers });
    this.around = new Around({ client: this.client, channels: this.channels, directory: this.directory, me: this.me, blocks: this.blocks });
    this.people = new People();
    this.timeline = new Timeline({
      list: byId("rows"),
      me: this.me,
      statusOf: (/** @type {Message} */ message) => statusOf(message, this.channels.get(message.channel) ?? {}),
      isBlocked: (/** @type {any} */ user) => this.blocks.has(user),
      isShown: isInChannel,
    });
    this.lists.push({ list: byId("rows"), timeline: this.timeline });
    this.scroll = new Scroll({ box: byId("timeline"), list: byId("rows"), moved: () => (this.reading.check(), this.pane.lookAhead()) });
    this.reading = new Reading({
      channels: this.channels, timeline: this.timeline, scroll: this.scroll, seen: (/** @type {any} */ channel, /** @type {number} */ seq) => this.client.read(channel, seq),
    });
    this.pane = new Pane({ client: this.client, timeline: this.timeline, scroll: this.scroll, reading: this.reading });
    this.router = new Router((/** @type {any} */ id) => this.go(id), (/** @type {number} */ id, /** @type {number} */ seq) => this.toMessage(id, seq));
    this.#follow();
  }

  /** After the features: the channel that the page came with, the first one, or none; then the socket. */
  start() {
    dialogs.listen(this.openers);
    keys.listen({ shortcuts: this.shortcuts, withAlt: this.withAlt, keys: this.keys, cancels: this.cancels });
    paintAvatar(document.querySelector(".me .avatar"), this.me);
    const { channel, messages, history_before: before, history_after: after, pointed } = this.state;
    if (channel) this.go(channel, { messages, isLast: before == null, isLatest: after == null, pointed });
    else if (!isNarrow() && this.channels.all().length) this.router.to(pathOf(this.channels.all()[0]), { replace: true });
    else this.showNothing();
    this.client.start();
  }

  /** The open channel, or null. */
  get here() {
    return this.pane.channel;
  }

  isHere(/** @type {any} */ id) {
    return this.here?.id === id;
  }

  /** A click on `selector` in a row calls `act(message or draft, timeline)`. */
  onRow(/** @type {string} */ selector, /** @type {Callback} */ act) {
    for (const { list, timeline } of this.lists)
      list.addEventListener("click", (/** @type {{ target: any }} */ { target }) => target.closest(selector) && act(timeline.at(target), timeline));
  }

  /** A message that stands in one of the lists. */
  find(/** @type {number} */ id) {
    return this.lists.map(({ timeline }) => timeline.find(id)).find(Boolean);
  }

  /** Something that a row shows beside what the server says is new. */
  redraw(/** @type {number} */ id) {
    for (const { timeline } of this.lists) timeline.redraw(id);
  }

  /** Messages of one channel as they are now, from wherever they come. */
  apply(/** @type {number} */ channel, /** @type {Message[]} */ messages) {
    if (this.isHere(channel)) this.pane.apply(messages);
    this.#emit("applied", { channel, messages });
  }

  /** Shows a channel, or the list without an id; false when there is no such channel. `given`: see Pane. */
  go(/** @type {any} */ id, /** @type {any} */ given = null) {
    const channel = id && this.channels.get(id);
    if (id && !channel) return false;
    document.body.dataset.screen = channel ? "channel" : "list";
    if (channel && this.here === channel) return true;
    if (!channel && !isNarrow() && this.here != null) return true;
    if (channel) this.#show(channel, given);
    else this.showNothing();
    return true;
  }

  showNothing() {
    this.pane.close();
    this.#emit("going", null);
    byId("pane").toggleAttribute("data-empty", true);
    this.#emit("shown", null);
  }

  /** Into a channel that the person is in, as the server has just said it. */
  enter(/** @type {any} */ channel) {
    this.router.to(pathOf(this.channels.put(channel)));
  }

  /** To the conversation with a person, or with several together, which is made where there is none. */
  async writeTo(/** @type {Person[]} */ ...people) {
    try {
      this.enter(await post("channels/", { kind: "direct", members: people.map(({ id }) => id) }));
    } catch (problem) {
      dialogs.say(problem.detail);
    }
  }

  async toMessage(/** @type {any} */ id, /** @type {number} */ seq) {
    this.enter(this.channels.get(id));
    const row = await this.pane.toSeq(seq).catch((problem) => dialogs.say(problem.detail));
    const message = this.timeline.messages.find((each) => each.seq === seq);
    // What stands only in a thread is found there.
    if (message && !isInChannel(message)) return this.openThread({ id: message.thread, channel: id }, seq);
    this.uncover();
    row?.focus({ preventScroll: true });
  }

  /** The person is not in the channel any more: `why` is left or removed. */
  end(/** @type {any} */ id, /** @type {any} */ why) {
    const channel = this.channels.get(id) ?? this.here;
    this.channels.drop(id);
    if (!this.isHere(id)) return;
    // A person who has left is told of the end by the socket too, before or after.
    if (channel.closed !== "left") channel.closed = why;
    this.#emit("ended", channel);
  }

  /** Asks for a change of a message, and shows the message as it is then. */
  async change(/** @type {Command} */ command) {
    const { message } = await this.client.ask(command);
    this.apply(message.channel, [message]);
  }

  refold() {
    for (const { timeline } of this.lists) timeline.refold();
  }

  #show(/** @type {any} */ channel, /** @type {any} */ given = null) {
    this.#emit("going", channel);
    this.pane.open(channel, given);
    this.#emit("shown", channel);
  }

  #follow() {
    const { client, blocks, channels, pane, timeline } = this;
    client.addEventListener("hello", ({ detail }) => this.#welcome(detail));
    client.addEventListener("changes", ({ detail }) => this.#take(detail));
    client.addEventListener("channel", ({ detail: { action, channel } }) => this.#hear(action, channel));
    client.addEventListener("blocks", ({ detail }) => blocks.take(detail.users));
    client.addEventListener("person", ({ detail: { person } }) => learn([person]));
    client.addEventListener("draft", ({ detail: { draft, message } }) => this.isHere(draft.channel) && pane.takeDraft(draft, message));
    client.addEventListener("refused", ({ detail: { channel, code, detail } }) => {
      if (channel == null) return dialogs.say(detail);
      channels.refuse(channel, code);
      if (this.isHere(channel) && !this.here.closed) this.#tell();
    });
    client.addEventListener("resync", ({ detail: { channel, head } }) => {
      channels.skip(channel, head);
      if (this.isHere(channel)) pane.reload();
    });
    client.addEventListener("receipts", ({ detail }) => {
      channels.takeReceipts(detail);
      if (this.isHere(detail.channel)) timeline.refreshTicks();
    });
    blocks.addEventListener("changed", () => (this.refold(), this.#tell()));
    renames.addEventListener("changed", () => (channels.renamed(), this.#tell()));
    pane.addEventListener("gone", () => this.end(this.here.id, "removed"));
  }

  #welcome(/** @type {Frame} */ hello) {
    this.blocks.take(hello.blocks);
    learn([hello.user, ...hello.channels.flatMap((/** @type {Channel} */ { people = [] }) => people)]);
    for (const id of this.channels.replace(hello.channels)) if (this.isHere(id)) this.end(id, "removed");
    if (this.here && !this.here.closed) this.#tell();
  }

  #take(/** @type {Frame} */ frame) {
    learn(frame.changes.map((/** @type {Message} */ { sender }) => sender));
    this.channels.take(frame);
    const messages = frame.changes.filter((/** @type {any} */ change) => change.seq > frame.after && this.channels.counts(change));
    const channel = this.channels.get(frame.channel);
    if (channel && !isAtDesk(channel)) this.#emit("fresh", { channel: frame.channel, messages });
    const replies = frame.changes.filter((/** @type {any} */ change) => change.seq > frame.after && !isInChannel(change) && this.channels.isHeard(change));
    if (replies.length) this.#emit("replied", { channel: frame.channel, messages: replies });
    this.apply(frame.channel, frame.changes);
    if (this.isHere(frame.channel) && frame.changes.some((/** @type {any} */ change) => change.kind === "system")) this.#tell();
  }

  #hear(/** @type {string} */ action, /** @type {any} */ channel) {
    if (action === "left" || action === "removed") return this.end(channel.id, action);
    const known = this.channels.put({ refused: null, ...channel });
    if (this.here === known) this.#tell();
    else if (this.isHere(channel.id)) this.#show(known); // back in a channel whose end is still on screen
  }

  #tell() {
    if (this.here) this.#emit("told", this.here);
  }

  #emit(/** @type {string} */ name, /** @type {any} */ detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
