/** The list of channels in its three sections. Draws what Channels says; refuses to know why it changed. */
import { partnerIn, pathOf, signOf, titleOf } from "./channels.js";
import { avatar, clone, icon } from "../page/dom.js";
import { avatarWithDot, paintDot } from "../people/dots.js";

export class Sidebar {
  #channels;
  #presence;
  /** @type {number | null} */ #openId = null;
  #sections = [...document.querySelectorAll(".channel-section")];
  #links = new Map();
  #isDrawn = true;

  constructor(/** @type {{ channels: any, presence: Presence }} */ { channels, presence }) {
    this.#channels = channels;
    this.#presence = presence;
    for (const source of [channels, presence]) source.addEventListener("changed", () => this.#drawSoon());
    document.querySelector(".sidebar-scroll").addEventListener("keydown", (/** @type {any} */ event) => this.#pressed(event));
    this.draw();
  }

  open(/** @type {number | null} */ id) {
    this.#openId = id;
    this.draw();
  }

  // Several changes in one task are drawn once.
  #drawSoon() {
    if (this.#isDrawn) queueMicrotask(() => this.draw());
    this.#isDrawn = false;
  }

  draw() {
    this.#isDrawn = true;
    const all = this.#channels.all();
    for (const id of this.#links.keys()) if (!this.#channels.get(id)) this.#links.delete(id);
    for (const section of this.#sections) this.#drawSection(section, all.filter((/** @type {Channel} */ channel) => sectionOf(channel) === section.dataset.section));
    this.#keepOneTabStop();
  }

  #drawSection(/** @type {any} */ section, /** @type {any} */ channels) {
    const items = channels.sort(byTitle).map((/** @type {Channel} */ channel) => this.#item(channel));
    const list = section.querySelector("ul");
    const isSame = items.length === list.children.length && items.every((/** @type {any} */ item, /** @type {number} */ index) => item === list.children[index]);
    if (!isSame) keepFocus(() => list.replaceChildren(...items));
    const note = section.querySelector(".section-empty");
    if (note) note.hidden = items.length > 0;
    section.hidden = section.dataset.section === "support" && !items.length;
  }

  #item(/** @type {Channel} */ channel) {
    const item = this.#links.get(channel.id) ?? clone("channel-link");
    this.#links.set(channel.id, item);
    const link = item.firstElementChild;
    const unread = this.#channels.unreadOf(channel);
    link.href = pathOf(channel);
    link.dataset.channel = channel.id;
    link.classList.toggle("has-unread", unread > 0);
    link.classList.toggle("is-refused", Boolean(channel.refused));
    link.title = channel.refused ? "Open on too many devices: new messages do not come in here by themselves" : "";
    if (channel.id === this.#openId) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    this.#sign(link.querySelector(".channel-sign"), channel);
    link.querySelector(".channel-name").textContent = titleOf(channel);
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
    if (!step || index < 0) return;
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

function signElement(/** @type {Channel} */ channel, /** @type {any} */ partner) {
  if (partner) return avatarWithDot(partner, "unknown", { small: true });
  return channel.kind === "direct" ? avatar(channel.people?.[0], { small: true }) : icon(signOf(channel));
}

const sectionOf = (/** @type {Channel} */ { kind, is_support: isSupport }) => (isSupport ? "support" : kind === "direct" ? "direct" : "channels");
const byTitle = (/** @type {any} */ a, /** @type {any} */ b) => titleOf(a).localeCompare(titleOf(b));

// Moving an element takes its focus away.
function keepFocus(/** @type {any} */ change) {
  /** @type {any} */
  const focused = document.activeElement;
  change();
  if (focused !== document.activeElement && focused?.isConnected) focused.focus();
}
