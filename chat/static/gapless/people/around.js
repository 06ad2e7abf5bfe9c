/** Who else is here, and what they do: joins presence, typing and the own status to the client and to what is on screen. */
import { get, patch } from "../page/api.js";
import { partnerIn } from "../channels/channels.js";
import { byId } from "../page/dom.js";
import { dot, paintDot, presenceText } from "./dots.js";
import { Idle } from "./idle.js";
import { renames } from "./names.js";
import { Presence } from "./presence.js";
import { OwnStatus } from "./status.js";
import { Typist, TypingLine } from "../writing/typing.js";

const PATIENCE_MS = 5_000;

export class Around {
  presence = new Presence({ load: (/** @type {number[]} */ users) => get("presence/", { users }).then(({ users: found }) => found) });
  #client;
  #channels;
  #directory;
  #me;
  #blocks;
  /** @type {any} */ #channel = null;
  #typist;
  #line;
  #threadLine;
  /** @type {number | null} */ #thread = null;
  #status;
  #idle;
  /** @type {any} */ #patience = null;

  constructor(/** @type {{ client: Client, channels: Channels, directory: Directory, me: Me, blocks: Blocks }} */ { client, channels, directory, me, blocks }) {
    this.#client = client;
    this.#channels = channels;
    this.#directory = directory;
    this.#me = me;
    this.#blocks = blocks;
    this.#typist = new Typist({ tell: (/** @type {import("../writing/typing.js").Place} */ { channel, thread }, /** @type {boolean} */ on) => client.typing(channel, on, { thread }) });
    const nameOf = (/** @type {any} */ user) => directory.nameOf(user);
    this.#line = new TypingLine(byId("typing"), { nameOf });
    this.#threadLine = new TypingLine(byId("thread-typing"), { nameOf });
    this.#status = new OwnStatus({ me, choose: (/** @type {any} */ choice) => this.#choose(choice) });
    this.#idle = new Idle({ changed: () => this.#tellIdle() });
    client.addEventListener("presence", (/** @type {{ detail: any }} */ { detail }) => this.#heardPresence(detail));
    client.addEventListener("typing", (/** @type {{ detail: any }} */ { detail }) => this.#heardTyping(detail));
    client.addEventListener("state", (/** @type {{ detail: any }} */ { detail }) => this.#connected(detail));
    this.presence.addEventListener("changed", () => this.#draw());
    renames.addEventListener("changed", () => (this.#line.draw(), this.#threadLine.draw()));
  }

  get isBusy() {
    return this.#status.isBusy;
  }

  /** Hello: presence of those that the page knows is asked for anew. */
  welcome(/** @type {Frame} */ hello) {
    this.presence.isOffered = Boolean(hello.presence);
    this.#status.take(hello.presence);
    this.presence.renew();
  }

  /** Another channel is on screen, or none. */
  show(/** @type {any} */ channel) {
    this.#typist.stopped();
    this.#line.clear();
    this.#channel = channel;
    if (channel) this.#directory.take(channel.people ?? []);
    this.#want();
    this.#draw();
  }

  /** A thread of the channel on screen is open, or none. */
  showThread(/** @type {number | null} */ root) {
    this.#typist.stopped();
    this.#threadLine.clear();
    this.#thread = root;
  }

  /** New messages: the author of one is no longer typing. */
  take(/** @type {Message[]} */ changes) {
    this.#directory.take(changes.map((/** @type {Message} */ { sender }) => sender));
    for (const { sender } of changes) for (const line of [this.#line, this.#threadLine]) line.ended(sender?.id);
  }

  get showsTyping() {
    return this.#status.showsTyping;
  }

  /** In the channel on screen, or in a thread of it. */
  typed(/** @type {string} */ text, /** @type {number | null} */ thread = null) {
    if (!text.trim() || !this.#status.showsTyping) this.#typist.stopped();
    else this.#typist.typed({ channel: this.#channel.id, thread });
  }

  sent() {
    this.#typist.sent();
  }

  #heardPresence(/** @type {Frame} */ frame) {
    this.presence.take(frame);
    if (frame.own) this.#status.take(frame.own);
  }

  async #choose(/** @type {{ shows_typing: any, [other: string]: any }} */ { shows_typing, ...choice }) {
    if (shows_typing != null) await patch("users/me/", { shows_typing });
    if (Object.keys(choice).length) await this.#client.ask({ op: "presence", ...choice });
  }

  #tellIdle() {
    this.#client.ask({ op: "presence", idle: this.#idle.isIdle }).catch(() => {}); // said again with the next connection
  }

  async #heardTyping(/** @type {{ channel: any, users: number[], thread?: number | null, uploading?: number[] }} */ { channel, users, thread = null, uploading = [] }) {
    if (channel !== this.#channel?.id || (thread && thread !== this.#thread)) return;
    const line = thread ? this.#threadLine : this.#line;
    const others = users.filter((/** @type {any} */ user) => user !== this.#me.id && !this.#blocks.has(user));
    line.take(others, uploading);
    await this.#directory.learn(channel, others);
    line.draw();
  }

  // A blink is no news: what was heard is forgotten when the banner says that the connection is away.
  #connected(/** @type {{ state: any, isDoubtful: boolean }} */ { state, isDoubtful }) {
    if (state === "waiting" || isDoubtful) this.#patience ??= setTimeout(() => this.presence.forget(), PATIENCE_MS);
    if (state !== "online" || isDoubtful) return;
    clearTimeout(this.#patience);
    this.#patience = null;
    if (this.#idle.isIdle) this.#tellIdle();
    this.#want();
  }

  #want() {
    const partners = this.#channels.all().flatMap((/** @type {Channel} */ { kind, people = [] }) => (kind === "direct" ? people : []));
    this.presence.want([this.#me.id, ...partners.map((/** @type {{ id: number }} */ { id }) => id)]);
  }

  #draw() {
    this.#status.seen(this.presence.of(this.#me.id, null));
    const partner = partnerIn(this.#channel);
    byId("channel-presence").hidden = !partner;
    if (!partner) return byId("channel-presence").replaceChildren();
    const state = this.presence.of(partner.id, this.#channel.id);
    const place = byId("channel-presence");
    if (!place.firstElementChild) place.append(dot(), document.createElement("span"));
    paintDot(place.firstElementChild, state.status);
    place.firstElementChild.ariaHidden = String(!state.activity); // else the words say it
    place.lastElementChild.replaceChildren(...presenceText(state));
  }
}
