/** What the modules know of the page's markup and of what the server says (PROTOCOL: docs/contract.md). For the type check alone. */

// What a selector or an event finds is what the templates say: as trusted as an import, and no null where one is named.
interface ParentNode {
  querySelector(selectors: string): any;
  querySelectorAll(selectors: string): NodeListOf<any>;
}
interface Document {
  getElementById(id: string): any;
}
interface Element {
  closest(selectors: string): any;
}
interface EventTarget {
  closest(selectors: string): any;
  addEventListener(type: string, listener: (event: any) => unknown, options?: AddEventListenerOptions | boolean): void;
}

interface Person {
  id: number;
  username: string;
  display_name: string;
}
interface Me extends Person {
  moderates?: boolean;
}
interface Message {
  id: number;
  channel: number;
  seq: number;
  rev: number;
  client_msg_id: string;
  sender: Person;
  kind: string;
  body: string;
  reply_to: number | null;
  created_at: string;
  edited_at: string | null;
  deleted_at: string | null;
  status: string;
  reactions?: Record<string, number[]>;
  files?: MessageFile[];
  pinned_at?: string | null;
  mentions?: { users: number[]; everyone: boolean };
  thread?: number | null;
  also_in_channel?: boolean;
  replies?: { count: number; last_seq: number };
  repliers?: number[];
  replied_at?: string;
  event?: ChannelEvent;
}
interface MessageFile {
  id: number;
  name: string;
  size: number;
  type: string;
  url: string;
  width?: number;
  height?: number;
  preview?: string;
}
interface ChannelEvent {
  type: string;
  user?: number;
  name?: string;
  username?: string;
  member_count?: number;
  conversation?: number;
}
/** A message that the server has not accepted yet. */
interface Draft {
  client_msg_id: string;
  channel: number;
  body: string;
  reply_to: number | null;
  thread: number | null;
  also_in_channel: boolean;
  at: number;
  tab: string;
  state: "pending" | "failed" | "discarded";
  dueAt?: number | null;
  after: number | null;
  error: { code: string; detail: string; reference?: string | null } | null;
  retryAt: number | null;
  tries: number;
  /** {key, name, size, type, id, whole}; `whole` is the file once the server has all of it. */
  files?: any[];
}
/** The newest line of a channel. */
interface LastLine {
  seq: number;
  sender: Person;
  text: string;
  at: string;
}
interface Channel {
  id: number;
  name: string;
  topic?: string;
  kind: "public" | "private" | "direct" | "inner" | "desk";
  is_support?: boolean;
  is_group?: boolean;
  is_named?: boolean;
  kept_days?: number;
  floor?: number;
  favourite?: boolean;
  section?: string;
  last?: LastLine | null;
  head: number;
  member_count: number;
  archived_at?: string | null;
  role: string;
  can?: string[];
  can_by_role?: Record<string, string[]>;
  unread: number;
  mentioned: number;
  read_seq: number;
  delivered_seq: number;
  notify_level: string;
  muted_until?: string | null;
  people: Person[];
  url?: string;
  is_member?: boolean;
  /** Only in the page: */
  refused?: string | null;
  closed?: string;
  lastAt?: string;
  allSince?: number;
  allDelivered?: number;
  allRead?: number;
}
interface Member {
  user: Person;
  role: string;
  can?: string[];
  delivered_seq: number;
  read_seq: number;
  muted_until?: string | null;
}
interface PresenceState {
  status: string;
  activity: string;
  last_seen: string | null;
}
/** A frame of the socket, and an answer of the API: checked by the server's own types. */
type Frame = any;
/** What is asked over the socket: checked by the server's own types. */
type Command = { op: string; [field: string]: any };
/** What was refused, over HTTP or the socket: `detail` is a sentence. */
type Refused = any;

/** What a part is handed to call: what it takes and gives is said where it is handed over. */
type Callback = (...given: any[]) => any;
/** What can be done with a message: `key` is pressed on its row. */
interface MessageAct {
  act: (message: Message, timeline: Timeline) => unknown;
  isOffered: (about: { channel: Channel; isOwn: boolean; message: Message; timeline: Timeline }) => boolean;
  key?: string;
}
type Page = import("../static/gapless/page/shared.js").Page;
type Client = import("../static/gapless/client/client.js").Client;
type Outbox = import("../static/gapless/client/outbox.js").Outbox;
type Channels = import("../static/gapless/channels/channels.js").Channels;
type Arranging = import("../static/gapless/channels/arranging.js").Arranging;
type Blocks = import("../static/gapless/people/blocks.js").Blocks;
type Directory = import("../static/gapless/people/directory.js").Directory;
type Presence = import("../static/gapless/people/presence.js").Presence;
type People = import("../static/gapless/people/people.js").People;
type Timeline = import("../static/gapless/timeline/timeline.js").Timeline;
type Scroll = import("../static/gapless/timeline/scroll.js").Scroll;
type Reading = import("../static/gapless/timeline/reading.js").Reading;
interface Window {
  SwaggerUIBundle: Callback;
}
interface NotificationOptions {
  renotify?: boolean;
}
/** A support conversation as its agents see it. */
interface Ticket {
  id: number;
  inbox: number;
  state: string;
  episode: number;
  priority: string;
  labels: string[];
  visitor: Person;
  assignee: Person | null;
  lease_until: string | null;
  waiting_since: string | null;
  snoozed_until: string | null;
  former_snooze: string | null;
  resolved_at: string | null;
  verified: boolean;
  page: string;
  locale: string;
  notes: number | null;
  first_due: string | null;
  next_due: string | null;
  solve_due: string | null;
  created_at: string;
  head: number;
}
