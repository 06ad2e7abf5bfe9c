/**
 * The person's channels as they are now: names, unread numbers, cursors. Emits `changed` {id} (null: any of them), `unsure` {id} when only
 * the server can say how many are unread, and `called` {channel, message} when somebody is called by an edit. Follows frames that the page hands over; refuses to know where they come from or how they look.
 */
import { serverNow } from "../client/clock.js";
import { lastAfter } from "./last.js";
import { nameOf } from "../people/names.js";
import { isInChannel } from "../timeline/order.js";
import { Mentioned } from "./mentioned.js";
import { Unread } from "./unread.js";

export class Channels extends EventTarget {
  #channels = new Map();
  #unread = new Map(); // channel → its count
  #mentioned = new Map(); // the same of what calls the person
  #marks;
  #me;
  #isBlocked;

  /** `isBlocked(user)`: nothing that they write counts. */
  constructor(/** @type {any} */ list, /** @type {Me} */ me, /** @type {Callback} */ isBlocked) {
    super();
    this.#me = me;
    this.#isBlocked = isBlocked;
    this.#marks = new Marks(me.id);
    this.replace(list);
  }

  get(/** @type {number} */ id) {
    return this.#channels.get(id);
  }

  /** Without those of the support desk, which has a page of its own. */
  all() {
    return [...this.#channels.values()].filter((channel) => !isAtDesk(channel));
  }

  /** Whether the person is in the log of a support desk's queue. */
  get isAgent() {
    return [...this.#channels.values()].some(({ kind }) => kind === "desk");
  }

  /** Those in which something came after what the person has read. */
  behind() {
    return this.all().filter(({ id }) => this.#unread.get(id)?.isBehind);
  }

  /** Takes hello's list; returns the ids that are no longer there. */
  replace(/** @type {any} */ list) {
    const gone = new Set(this.#channels.keys());
    for (const channel of list) {
      gone.delete(channel.id);
      this.#refresh({ refused: null, ...channel }, { isWhole: true });
    }
    for (const id of gone) this.#forget(id);
    this.#changed();
    return [...gone];
  }

  put(/** @type {Channel} */ channel) {
    if (channel.unread == null && this.#channels.has(channel.id)) this.#merge(channel);
    else this.#refresh(channel);
    this.#changed(channel.id);
    return this.get(channel.id);
  }

  /** People in them are called something else: what is drawn of them is out of date. */
  renamed() {
    this.#changed();
  }

  drop(/** @type {number} */ id) {
    if (this.#forget(id)) this.#changed(id);
  }

  /** The server has no place for this page in the channel and tells nothing of it, until it says otherwise. */
  refuse(/** @type {number} */ id, /** @type {any} */ code) {
    const channel = this.get(id);
    if (channel) channel.refused = code;
    this.#changed(id);
  }

  /** Counts what a batch brings. */
  take(/** @type {{ channel: number, changes: Message[] }} */ { channel: id, changes }) {
    const channel = this.get(id);
    if (!channel) return;
    for (const change of changes) {
      this.#unread.get(id).take({ rev: change.rev, seq: change.seq, counts: this.counts(change), isGone: this.#isGone(change) });
      this.#takeCall(id, change);
      channel.last = lastAfter(channel.last ?? null, change, this.#isBlocked(change.sender?.id));
      if (change.seq !== change.rev) continue;
      channel.lastAt = change.created_at;
      if (change.event && change.rev > channel.head) follow(channel, change.event, this.#me);
    }
    this.#count(id);
  }

  /** The changes up to `head` can only be had from history. */
  skip(/** @type {number} */ id, /** @type {number} */ head) {
    this.#unread.get(id)?.skip(head);
    this.#mentioned.get(id)?.skip(head);
    this.#count(id);
  }

  /** What everybody has; and, when one's own cursor moved on any device, what the server counts from there. */
  takeReceipts(/** @type {{ channel: number, delivered: number, read: any, since: number, head: number, unread: number, mentioned: number, members?: any }} */ { channel: id, delivered, read, since, head, unread, mentioned, members = {} }) {
    const channel = this.get(id);
    if (!channel) return;
    Object.assign(channel, { allSince: since, allDelivered: delivered, allRead: read });
    const own = members[this.#me.id];
    if (!own || unread == null) return;
    this.#unread.get(id).tell({ unread, head, read: own[1] });
    this.#mentioned.get(id).tell({ mentioned, head, read: own[1] });
    this.#count(id);
  }

  /** True when a message makes a channel unread. */
  counts(/** @type {Message} */ message) {
    return isInChannel(message) && this.isHeard(message);
  }

  /** True of what somebody else says whom the person has not blocked. */
  isHeard(/** @type {Message} */ { kind, sender, deleted_at: deletedAt }) {
    return kind === "text" && sender?.id !== this.#me.id && !this.#isBlocked(sender?.id) && !deletedAt;
  }

  /** Whether a message calls the person. */
  calls(/** @type {Message} */ message) {
    const { mentions } = message;
    return this.counts(message) && Boolean(mentions && (mentions.everyone || mentions.users.includes(this.#me.id)));
  }

  /** Seen up to `seq`: these messages that make a channel unread; see Unread.see. */
  seen(/** @type {number} */ id, /** @type {number} */ seq, /** @type {Message[]} */ passed, /** @type {{ isAll: boolean }} */ { isAll }) {
    const seqs = (/** @type {Message[]} */ messages) => messages.map((message) => message.seq);
    this.#unread.get(id)?.see(seq, seqs(passed), { isAll });
    this.#mentioned.get(id)?.see(seq, seqs(passed.filter((message) => this.calls(message))));
    this.#count(id);
  }

  /** Unread from `seq` on, in this browser only, until the channel is opened again. */
  mark(/** @type {number} */ id, /** @type {number} */ seq, /** @type {number} */ count) {
    this.#marks.set(id, { seq, count });
    this.#changed(id);
  }

  /** Takes the mark away and returns it. */
  unmark(/** @type {number} */ id) {
    const mark = this.#marks.get(id);
    if (mark) this.#marks.delete(id);
    return mark;
  }

  unreadOf(/** @type {Channel} */ channel) {
    return Math.max(channel.unread, this.#marks.get(channel.id)?.count ?? 0);
  }

  /** What the tab shows: of each channel what it notifies of. */
  get unread() {
    /** @type {Record<string, (channel: Channel) => number>} */
    const heard = { all: (channel) => this.unreadOf(channel), mentions: (channel) => meantIn(channel, this.unreadOf(channel)), none: () => 0 };
    return this.all().reduce((sum, channel) => sum + heard[channel.notify_level](channel), 0);
  }

  /** How many of these call the person. */
  get mentioned() {
    return this.all().reduce((sum, { notify_level: level, mentioned }) => sum + (level === "none" ? 0 : mentioned), 0);
  }

  #refresh(/** @type {Channel} */ channel, { isWhole = false } = {}) {
    const { id, unread = 0, mentioned = 0, head = 0, read_seq: read = 0 } = channel;
    this.#merge(channel);
    if (this.#unread.has(id)) {
      this.#unread.get(id).tell({ unread, head, read }, { isWhole });
      this.#mentioned.get(id).tell({ mentioned, head, read }, { isWhole });
    } else {
      this.#unread.set(id, new Unread({ unread, head, read }));
      this.#mentioned.set(id, new Mentioned({ mentioned, head, read }));
    }
    this.#count(id);
  }

  #count(/** @type {number} */ id) {
    const unread = this.#unread.get(id);
    if (!unread) return;
    const mentioned = this.#mentioned.get(id);
    Object.assign(this.get(id), { unread: unread.count, mentioned: mentioned.count, read_seq: unread.read });
    this.#changed(id);
    if (unread.isOpen || mentioned.isOpen) this.dispatchEvent(new CustomEvent("unsure", { detail: { id } }));
  }

  #forget(/** @type {number} */ id) {
    this.#unread.delete(id);
    this.#mentioned.delete(id);
    return this.#channels.delete(id);
  }

  #takeCall(/** @type {number} */ id, /** @type {Message} */ message) {
    const { rev, seq, edited_at: editedAt, deleted_at: deletedAt } = message;
    const isNew = this.#mentioned.get(id).take({ rev, seq, calls: this.calls(message), isRevised: Boolean(editedAt || deletedAt) });
    if (isNew && rev !== seq) this.dispatchEvent(new CustomEvent("called", { detail: { channel: id, message } }));
  }

  #isGone(/** @type {Message} */ message) {
    const { kind, sender, deleted_at: deletedAt } = message;
    return kind === "text" && isInChannel(message) && sender?.id !== this.#me.id && !this.#isBlocked(sender?.id) && Boolean(deletedAt);
  }

  #merge(/** @type {Channel} */ channel) {
    // The same object for as long as the page lives: the open channel is held by others.
    const known = this.get(channel.id) ?? { unread: 0, mentioned: 0, read_seq: 0, people: [] };
    this.#channels.set(channel.id, Object.assign(known, channel));
    // What is told to all members says for each role what it may; staff keep what was said to them alone.
    if (channel.can_by_role && !channel.can && !this.#me.moderates) known.can = channel.can_by_role[known.role];
  }

  #changed(/** @type {number | null} */ id = null) {
    this.dispatchEvent(new CustomEvent("changed", { detail: { id } }));
  }
}

/** Of so many unread messages, those that are meant for the person: all, in a direct conversation. */
const meantIn = (/** @type {Channel} */ { kind, mentioned }, /** @type {number} */ unread) => (kind === "direct" ? unread : mentioned);

/** What a channel is called by the one who looks. */
export function titleOf(/** @type {Channel} */ { kind, name, people = [], is_group: isGroup, is_named: isNamed }) {
  if (kind !== "direct" || isNamed) return name;
  if (!people.length) return "Just you";
  const names = people.map(nameOf).join(", ");
  // What others have left of a group is not the conversation of two.
  return isGroup && people.length === 1 ? `${names} (group)` : names;
}

/** Whether the server lets the person do `act` here: it says so in `can`, and says it again when that changes. */
export const may = (/** @type {Channel} */ channel, /** @type {any} */ act) => Boolean(channel) && !channel.closed && (channel.can ?? []).includes(act);

/** The other one, in a conversation of two. */
export const partnerIn = (/** @type {Channel} */ channel) => (channel?.kind === "direct" && !channel.is_group && channel.people?.length === 1 ? channel.people[0] : null);

/** The mute of a membership that has not ended yet, {until, leftMs}, or null. */
export function muteOf(/** @type {{ muted_until?: string | null }} */ { muted_until: until }) {
  if (!until) return null;
  const leftMs = Date.parse(until) - serverNow();
  return leftMs > 0 ? { until: new Date(until), leftMs } : null;
}

export const isAtDesk = (/** @type {Channel} */ { kind, is_support: isSupport }) => isSupport || kind === "desk" || kind === "inner";
export const signOf = (/** @type {Channel} */ { kind, is_support: isSupport }) => (isSupport ? "support" : kind === "private" ? "lock" : "hash");
export const pathOf = (/** @type {Channel} */ { id, url }) => url ?? `/c/${id}/`;

function follow(/** @type {Channel} */ channel, /** @type {ChannelEvent} */ { type, user: id, name, username, member_count: count }, /** @type {Me} */ me) {
  if (count != null) channel.member_count = count;
  if (channel.is_group && count != null && id != null) {
    const others = channel.people.filter((/** @type {Person} */ person) => person.id !== id);
    channel.people = type === "member.joined" && id !== me.id ? [...others, { id, username: username ?? "", display_name: name ?? "" }] : others;
  }
  if (type !== "channel.renamed") return;
  channel.name = name ?? "";
  if (channel.kind === "direct") channel.is_named = Boolean(name);
}

class Marks {
  #key;
  #marks = new Map();

  constructor(/** @type {any} */ user) {
    this.#key = `gapless.unread.${user}`;
    try {
      this.#marks = new Map(JSON.parse(localStorage.getItem(this.#key) ?? "[]"));
    } catch {
      // Unreadable or forbidden: no marks.
    }
  }

  get(/** @type {number} */ id) {
    return this.#marks.get(id);
  }

  set(/** @type {number} */ id, /** @type {any} */ mark) {
    this.#marks.set(id, mark);
    this.#save();
  }

  delete(/** @type {number} */ id) {
    this.#marks.delete(id);
    this.#save();
  }

  #save() {
    try {
      localStorage.setItem(this.#key, JSON.stringify([...this.#marks]));
    } catch {
      // Kept for as long as the page lives.
    }
  }
}
