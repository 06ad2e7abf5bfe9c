/**
 * The list of channels in its sections. Draws what Channels says, and touches no row but those of which something else is
 * to be seen; refuses to know why it changed.
 */
import { avatarWithDot, paintDot } from "../people/dots.js";
import { isCalled } from "./called.js";
import { isAtDesk, partnerIn, pathOf, signOf, titleOf } from "./channels.js";
import { timeOf, wordsOf } from "./last.js";
import { sectionsOf } from "./sections.js";
import { serverNow } from "../client/clock.js";
import { avatar, byId, clone, icon } from "../page/dom.js";

/** @type {Record<string, string>} */
const TITLES = { unread: "Unread", favourites: "Favourites" };

export class Sidebar {
  #channels;
  #presence;
  #me;
  /** @type {number | null} */ #openId = null;
  /** @type {number | null} */ #wasUnread = null; // the open channel, if it came up among the unread: it stays there while it is read
  #isUnreadFirst;
  #filter = "";
  #box = /** @type {any} */ (document.querySelector(".sidebar-scroll"));
  #sections = new Map(); // kind and heading → element
  #links = new Map();
  #looks = new Map(); // channel → what its link was painted of
  #places = new Map(); // channel → what decides where it stands
  /** @type {Set<number | null>} */ #due = new Set(); // channels of which something changed since they were drawn; null: any
  #day = "";

  constructor(/** @type {{ channels: Channels, presence: Presence, me: Me, isUnreadFirst: boolean }} */ { channels, presence, me, isUnreadFirst }) {
    this.#channels = channels;
    this.#presence = presence;
    this.#me = me;
    this.#isUnreadFirst = isUnreadFirst;
    for (const element of this.#box.querySelectorAll(".channel-section")) this.#sections.set(keyOf(element.dataset.section, element.dataset.heading), element);
    channels.addEventListener("changed", ({ detail: { id } }) => this.#drawSoon([id]));
    presence.addEventListener("changed", ({ detail: { users } }) => this.#drawSoon(users ? this.#with(users) : [null]));
    this.#box.addEventListener("keydown", (/** @type {any} */ event) => this.#pressed(event));
    this.draw();
  }

  open(/** @type {number | null} */ id) {
    const channel = id == null ? null : this.#channels.get(id);
    this.#wasUnread = channel && this.#isUnread(channel) ? id : null;
    this.#openId = id;
    this.draw();
    // Where the person came from elsewhere: a search, a link, a key.
    this.#links.get(id)?.scrollIntoView({ block: "nearest" });
  }

  orderUnreadFirst(/** @type {boolean} */ isFirst) {
    this.#isUnreadFirst = isFirst;
    this.draw();
  }

  /** Only channels that are called by these letters; returns how many those are. */
  filter(/** @type {string} */ letters) {
    this.#filter = letters.trim();
    this.draw();
    return this.#shown().length;
  }

  /** The next (1) or the previous (-1) channel with something unread, from the open one on. */
  nextUnread(/** @type {number} */ step) {
    const ids = [...this.#box.querySelectorAll(".channel-link")].map((link) => Number(link.dataset.channel));
    const from = ids.indexOf(Number(this.#openId));
    const around = ids.map((_, index) => ids[(from + step * (index + 1) + ids.length * 2) % ids.length]);
    return around.map((id) => this.#channels.get(id)).find((channel) => channel && channel.id !== this.#openId && this.#isUnread(channel));
  }

  // The conversations of two with one of them.
  #with(/** @type {number[]} */ users) {
    const isWith = (/** @type {Channel} */ channel) => users.some((id) => id === partnerIn(channel)?.id);
    return this.#channels.all().filter(isWith).map(({ id }) => id);
  }

  // Several changes in one task are drawn once.
  #drawSoon(/** @type {(number | null)[]} */ ids) {
    if (!ids.length) return;
    if (!this.#due.size) queueMicrotask(() => this.#drawDue());
    for (const id of ids) this.#due.add(id);
  }

  #drawDue() {
    const due = [...this.#due];
    if (this.#day !== today() || due.some((id) => id == null || this.#places.get(id) !== this.#placeOf(id))) return this.draw();
    this.#due.clear();
    for (const id of due) if (this.#links.has(id)) this.#item(this.#channels.get(Number(id)));
  }

  // Undefined where it stands nowhere.
  #placeOf(/** @type {number} */ id) {
    const channel = this.#channels.get(id);
    if (!channel || isAtDesk(channel) || !isCalled(titleOf(channel), this.#filter)) return undefined;
    return JSON.stringify([this.#isFirst(channel), channel.favourite, channel.section, channel.kind, titleOf(channel)]);
  }

  #isFirst(/** @type {Channel} */ channel) {
    return this.#isUnreadFirst && (this.#isUnread(channel) || channel.id === this.#wasUnread);
  }

  draw() {
    this.#due.clear();
    this.#day = today();
    for (const id of this.#links.keys()) if (!this.#channels.get(id)) this.#forget(id);
    const shown = this.#shown();
    this.#places = new Map(shown.map(({ id }) => [id, this.#placeOf(id)]));
    const sections = sectionsOf(shown, (channel) => this.#isFirst(channel));
    keepFocus(() => {
      const elements = sections.map((section) => this.#section(section));
      for (const key of this.#sections.keys()) if (!elements.includes(this.#sections.get(key))) this.#sections.delete(key);
      arrange(this.#box, [...elements, byId("filter-empty")]);
    });
    this.#keepOneTabStop();
  }

  #forget(/** @type {number} */ id) {
    this.#links.delete(id);
    this.#looks.delete(id);
  }

  #shown() {
    return this.#channels.all().filter((/** @type {Channel} */ channel) => isCalled(titleOf(channel), this.#filter));
  }

  #isUnread(/** @type {Channel} */ channel) {
    return channel.notify_level !== "none" && this.#channels.unreadOf(channel) > 0;
  }

  #section(/** @type {{ kind: string, heading: string, channels: Channel[] }} */ { kind, heading, channels }) {
    const key = keyOf(kind, heading);
    const element = this.#sections.get(key) ?? newSection(kind, heading);
    this.#sections.set(key, element);
    const items = channels.map((channel) => this.#item(channel));
    arrange(element.querySelector("ul"), items);
    const note = element.querySelector(".section-empty");
    if (note) note.hidden = items.length > 0 || this.#filter !== "";
    element.hidden = !items.length && this.#filter !== "";
    return element;
  }

  #item(/** @type {Channel} */ channel) {
    const item = this.#links.get(channel.id) ?? clone("channel-link");
    this.#links.set(channel.id, item);
    const look = this.#lookOf(channel);
    const key = JSON.stringify(look);
    if (this.#looks.get(channel.id) === key) return item;
    this.#looks.set(channel.id, key);
    this.#paint(item.firstElementChild, channel, look);
    return item;
  }

  #lookOf(/** @type {Channel} */ channel) {
    const partner = partnerIn(channel);
    return {
      href: pathOf(channel),
      title: titleOf(channel),
      sign: channel.kind === "direct" ? `direct ${titleOf(channel)}` : signOf(channel),
      status: partner ? this.#presence.of(partner.id, channel.id).status : null,
      unread: this.#channels.unreadOf(channel),
      mentioned: channel.mentioned,
      isMuted: channel.notify_level === "none",
      isRefused: Boolean(channel.refused),
      isOpen: channel.id === this.#openId,
      last: wordsOf(channel, this.#me),
      time: timeOf(channel),
    };
  }

  #paint(/** @type {any} */ link, /** @type {Channel} */ channel, /** @type {any} */ look) {
    link.href = look.href;
    link.dataset.channel = channel.id;
    link.classList.toggle("has-unread", look.unread > 0);
    link.classList.toggle("is-muted", look.isMuted);
    link.classList.toggle("is-refused", look.isRefused);
    link.title = look.isRefused ? "Open on too many devices: new messages do not appear here by themselves" : "";
    if (look.isOpen) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    paintSign(link.querySelector(".channel-sign"), channel, look);
    link.querySelector(".channel-name").textContent = look.title;
    link.querySelector(".channel-muted").hidden = !look.isMuted;
    link.querySelector(".channel-last").textContent = look.last;
    link.querySelector(".channel-time").textContent = look.time;
    link.querySelector(".mention-badge").hidden = !look.mentioned;
    link.querySelector(".mention-number").textContent = look.mentioned > 99 ? "99+" : look.mentioned;
    link.querySelector(".badge").hidden = !look.unread;
    link.querySelector(".badge-number").textContent = look.unread > 99 ? "99+" : look.unread;
  }

  #pressed(/** @type {any} */ event) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const links = [...document.querySelectorAll(".channel-link")];
    const index = links.indexOf(document.activeElement);
    if (!step || index < 0 || event.altKey) return;
    event.preventDefault();
    const next = links[(index + step + links.length) % links.length];
    for (const link of links) link.tabIndex = link === next ? 0 : -1;
    next.focus();
  }

  #keepOneTabStop() {
    const links = [...document.querySelectorAll(".channel-link")];
    const stop = links.find((link) => link === document.activeElement) ?? links.find((link) => link.ariaCurrent) ?? links[0];
    for (const link of links) if (link.tabIndex !== (link === stop ? 0 : -1)) link.tabIndex = link === stop ? 0 : -1;
  }
}

const today = () => new Date(serverNow()).toDateString();
const keyOf = (/** @type {string} */ kind, heading = "") => `${kind} ${heading}`;

function newSection(/** @type {string} */ kind, /** @type {string} */ heading) {
  const element = clone("channel-section");
  element.dataset.section = kind;
  element.dataset.heading = heading;
  element.querySelector("h2").textContent = TITLES[kind] ?? heading;
  return element;
}

function paintSign(/** @type {any} */ place, /** @type {Channel} */ channel, /** @type {any} */ { sign, status }) {
  if (place.dataset.sign !== sign) {
    place.dataset.sign = sign;
    place.replaceChildren(signElement(channel, partnerIn(channel)));
  }
  if (status) paintDot(place.querySelector(".dot"), status);
}

function signElement(/** @type {Channel} */ channel, /** @type {any} */ partner) {
  if (partner) return avatarWithDot(partner, "unknown", { small: true });
  return channel.kind === "direct" ? avatar(channel.people?.[0], { small: true }) : icon(signOf(channel));
}

// Moves no more than must be moved: what stands where it belongs is not touched.
function arrange(/** @type {any} */ list, /** @type {Element[]} */ items) {
  const wanted = new Set(items);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  for (const [index, item] of items.entries()) if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
}

// Moving an element takes its focus away.
function keepFocus(/** @type {any} */ change) {
  /** @type {any} */
  const focused = document.activeElement;
  change();
  if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
}
