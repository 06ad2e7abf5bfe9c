/** The list of channels in its sections. Draws what Channels says; refuses to know why it changed. */
import { avatarWithDot, paintDot } from "../people/dots.js";
import { isCalled } from "./called.js";
import { partnerIn, pathOf, signOf, titleOf } from "./channels.js";
import { timeOf, wordsOf } from "./last.js";
import { sectionsOf } from "./sections.js";
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
  #isDrawn = true;

  constructor(/** @type {{ channels: Channels, presence: Presence, me: Me, isUnreadFirst: boolean }} */ { channels, presence, me, isUnreadFirst }) {
    this.#channels = channels;
    this.#presence = presence;
    this.#me = me;
    this.#isUnreadFirst = isUnreadFirst;
    for (const element of this.#box.querySelectorAll(".channel-section")) this.#sections.set(keyOf(element.dataset.section, element.dataset.heading), element);
    for (const source of [channels, presence]) source.addEventListener("changed", () => this.#drawSoon());
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

  // Several changes in one task are drawn once.
  #drawSoon() {
    if (this.#isDrawn) queueMicrotask(() => this.draw());
    this.#isDrawn = false;
  }

  draw() {
    this.#isDrawn = true;
    for (const id of this.#links.keys()) if (!this.#channels.get(id)) this.#links.delete(id);
    const isFirst = (/** @type {Channel} */ channel) => this.#isUnreadFirst && (this.#isUnread(channel) || channel.id === this.#wasUnread);
    const sections = sectionsOf(this.#shown(), isFirst);
    const elements = sections.map((section) => this.#section(section));
    for (const key of this.#sections.keys()) if (!elements.includes(this.#sections.get(key))) this.#sections.delete(key);
    // All or nothing: an element that is moved loses its focus.
    if (!isSame([...this.#box.querySelectorAll(".channel-section")], elements)) keepFocus(() => this.#box.replaceChildren(...elements, byId("filter-empty")));
    this.#keepOneTabStop();
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
    const list = element.querySelector("ul");
    if (!isSame([...list.children], items)) keepFocus(() => list.replaceChildren(...items));
    const note = element.querySelector(".section-empty");
    if (note) note.hidden = items.length > 0 || this.#filter !== "";
    element.hidden = !items.length && this.#filter !== "";
    return element;
  }

  #item(/** @type {Channel} */ channel) {
    const item = this.#links.get(channel.id) ?? clone("channel-link");
    this.#links.set(channel.id, item);
    const link = item.firstElementChild;
    const unread = this.#channels.unreadOf(channel);
    const isMuted = channel.notify_level === "none";
    link.href = pathOf(channel);
    link.dataset.channel = channel.id;
    link.classList.toggle("has-unread", unread > 0);
    link.classList.toggle("is-muted", isMuted);
    link.classList.toggle("is-refused", Boolean(channel.refused));
    link.title = channel.refused ? "Open on too many devices: new messages do not come in here by themselves" : "";
    if (channel.id === this.#openId) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    this.#sign(link.querySelector(".channel-sign"), channel);
    link.querySelector(".channel-name").textContent = titleOf(channel);
    link.querySelector(".channel-muted").hidden = !isMuted;
    link.querySelector(".channel-last").textContent = wordsOf(channel, this.#me);
    link.querySelector(".channel-time").textContent = timeOf(channel);
    link.querySelector(".mention-badge").hidden = !channel.mentioned;
    link.querySelector(".mention-number").textContent = channel.mentioned > 99 ? "99+" : channel.mentioned;
    link.querySelector(".badge").hidden = !unread;
    link.querySelector(".badge-number").textContent = unread > 99 ? "99+" : unread;
    return item;
  }

  #sign(/** @type {any} */ place, /** @type {Channel} */ channel) {
    const sign = channel.kind === "direct" ? `direct ${titleOf(channel)}` : signOf(channel);
    const partner = partnerIn(channel);
    if (place.dataset.sign !== sign) {
      place.dataset.sign = sign;
      place.replaceChildren(signElement(channel, partner));
    }
    if (partner) paintDot(place.querySelector(".dot"), this.#presence.of(partner.id, channel.id).status);
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
    for (const link of links) link.tabIndex = link === stop ? 0 : -1;
  }
}

const keyOf = (/** @type {string} */ kind, heading = "") => `${kind} ${heading}`;

function newSection(/** @type {string} */ kind, /** @type {string} */ heading) {
  const element = clone("channel-section");
  element.dataset.section = kind;
  element.dataset.heading = heading;
  element.querySelector("h2").textContent = TITLES[kind] ?? heading;
  return element;
}

function signElement(/** @type {Channel} */ channel, /** @type {any} */ partner) {
  if (partner) return avatarWithDot(partner, "unknown", { small: true });
  return channel.kind === "direct" ? avatar(channel.people?.[0], { small: true }) : icon(signOf(channel));
}

const isSame = (/** @type {Element[]} */ some, /** @type {Element[]} */ others) => some.length === others.length && some.every((each, index) => each === others[index]);

// Moving an element takes its focus away.
function keepFocus(/** @type {any} */ change) {
  /** @type {any} */
  const focused = document.activeElement;
  change();
  if (focused !== document.activeElement && focused?.isConnected) focused.focus();
}
