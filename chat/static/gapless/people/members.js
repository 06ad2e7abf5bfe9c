/**
 * The panel of the open channel's people, in groups by presence: beside the messages where there is room, else a drawer.
 * Draws and asks; what an act does is in `membership`, who may do it the server says.
 */
import { getAll } from "../page/api.js";
import { may, muteOf, partnerIn } from "../channels/channels.js";
import { open } from "../page/dialogs.js";
import { byId, icon, isWide, make, whenWide } from "../page/dom.js";
import { avatarWithDot, paintDot, presenceText } from "./dots.js";
import { plural, whenName } from "../page/format.js";
import { learn, nameOf, paintName, renames } from "./names.js";
import { Removed } from "./removed.js";

/** @type {Record<string, any>} */
const ROLES = { owner: "Owner", moderator: "Moderator" };
/** @type {Record<string, any>} */
const GROUPS = { online: "Online", busy: "Busy", away: "Away", offline: "Offline", unknown: "Presence unknown" };
const KEY = "gapless.members";
const REFRESH_MS = 300;

/** Every member of a channel, over as many pages as there are. */
export async function loadMembers(/** @type {any} */ channel) {
  const members = await getAll(`channels/${channel}/members/`);
  learn(members.map(({ user }) => user));
  return members;
}

export class Members {
  #panel = byId("members");
  #button = byId("members-button");
  #note = this.#panel.querySelector(".dialog-note");
  #groups = this.#panel.querySelector(".member-groups");
  #removed = new Removed();
  #add = this.#panel.querySelector('[data-act="add"]');
  #presence;
  #directory;
  #acts;
  #me;
  /** @type {any} */ #channel = null;
  /** @type {Member[]} */ #members = [];
  #lines = new Map(); // user → line
  #visit = 0;
  /** @type {any} */ #soon = null;

  /** `acts`: {add(channel), menu(member, channel, button)}. */
  constructor(/** @type {{ presence: Presence, directory: Directory, me: Me, acts: any }} */ { presence, directory, me, acts }) {
    this.#presence = presence;
    this.#directory = directory;
    this.#me = me;
    this.#acts = acts;
    this.#button.addEventListener("click", () => this.toggle());
    this.#add.addEventListener("click", () => acts.add(this.#channel));
    this.#panel.addEventListener("close", () => this.#closed());
    presence.addEventListener("changed", () => this.#isOpen && this.#draw());
    renames.addEventListener("changed", () => this.#isOpen && this.#draw());
    whenWide(() => this.#isOpen && this.#reopen());
  }

  /** Another channel is on screen, or none. */
  show(/** @type {any} */ channel) {
    // Of the other one in a conversation of two, the header says all that there is.
    this.#channel = channel && !channel.closed && !partnerIn(channel) ? channel : null;
    this.#visit += 1;
    this.#removed.show(this.#channel);
    this.#members = [];
    this.#lines.clear();
    this.#groups.replaceChildren();
    if (!this.#channel) this.#panel.close();
    else if (this.#isOpen) this.#load();
    else if (isWide() && remembered()) this.#open();
  }

  toggle() {
    if (this.#isOpen) return this.#panel.close();
    remember(true);
    this.#open();
  }

  /** Closes it for who is in it by keys, where it stands beside the messages; false when nobody is. */
  leave() {
    if (!this.#panel.contains(document.activeElement)) return false;
    this.#panel.close();
    this.#button.focus();
    return true;
  }

  /** Somebody joined, left or got another role; several at a time are one question. */
  refresh(/** @type {any} */ channel) {
    if (!this.#isOpen || this.#channel?.id !== channel) return;
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => this.#isOpen && this.#channel && this.#load(), REFRESH_MS);
  }

  get #isOpen() {
    return this.#panel.open;
  }

  #open() {
    if (isWide()) showBeside(this.#panel);
    else open(this.#panel);
    this.#button.setAttribute("aria-expanded", "true");
    this.#load();
  }

  // Beside and as a drawer are two ways of being open.
  #reopen() {
    this.#panel.close();
    if (isWide()) this.#open();
  }

  #closed() {
    if (this.#isOpen) return;
    this.#button.setAttribute("aria-expanded", "false");
    if (isWide() && this.#channel) remember(false);
  }

  async #load() {
    const visit = this.#visit;
    const channel = this.#channel;
    this.#add.hidden = !may(channel, "add");
    try {
      const members = await loadMembers(channel.id);
      if (visit !== this.#visit) return;
      this.#members = members;
      this.#directory.take(members.map(({ user }) => user));
      this.#presence.want(members.map(({ user }) => user.id));
      this.#note.textContent = "";
      this.#draw();
      this.#removed.refresh();
    } catch (problem) {
      if (visit === this.#visit) this.#note.textContent = problem.detail;
    }
  }

  #draw() {
    byId("members-title").textContent = this.#members.length ? plural(this.#members.length, "member") : "Members";
    const stateOf = (/** @type {{ user: any }} */ { user }) => this.#presence.of(user.id, this.#channel.id).status;
    const grouped = Object.groupBy(this.#members.toSorted(byName), stateOf);
    for (const [status, title] of Object.entries(GROUPS)) this.#drawGroup(status, title, grouped[status] ?? []);
  }

  #drawGroup(/** @type {any} */ status, /** @type {string} */ title, /** @type {Member[]} */ members) {
    const section = this.#groups.querySelector(`[data-status="${status}"]`) ?? this.#newGroup(status);
    section.hidden = !members.length;
    section.firstElementChild.textContent = `${title} · ${members.length}`;
    const lines = members.map((/** @type {Member} */ member) => this.#line(member));
    const list = section.lastElementChild;
    if (lines.length !== list.children.length || lines.some((/** @type {any} */ line, /** @type {number} */ place) => line !== list.children[place])) list.replaceChildren(...lines);
  }

  #newGroup(/** @type {any} */ status) {
    const section = make("section", { data: { status } }, make("h3"), make("ul", { class: "lines" }));
    this.#groups.append(section);
    return section;
  }

  #line(/** @type {Member} */ member) {
    const { user, role } = member;
    const line = this.#lines.get(user.id) ?? this.#newLine(user);
    const state = this.#presence.of(user.id, this.#channel.id);
    const isMe = user.id === this.#me.id;
    const isSaid = state.status === "offline" ? state.last_seen : state.activity;
    paintDot(line.querySelector(".dot"), state.status);
    paintName(line.querySelector(".name b"), user);
    line.querySelector(".line-names > :last-child").replaceChildren(...(isSaid ? presenceText(state) : [`@${user.username}`]), isMe ? " · you" : "");
    const mute = muteOf(member);
    line.querySelector(".role").textContent = [ROLES[role], mute ? "Muted" : null].filter(Boolean).join(", ");
    line.querySelector(".role").title = mute ? `Until ${whenName(mute.until)}` : "";
    line.querySelector(".role").hidden = !ROLES[role] && !mute;
    line.querySelector(".icon-button").hidden = isMe;
    line.querySelector(".icon-button").ariaLabel = `Actions for ${nameOf(user)}`;
    line.querySelector(".icon-button").onclick = (/** @type {{ currentTarget: any }} */ { currentTarget }) => this.#acts.menu(member, this.#channel, currentTarget);
    return line;
  }

  #newLine(/** @type {any} */ user) {
    const more = make("button", {
      class: "icon-button small", type: "button", title: "More", "aria-haspopup": "menu",
    }, icon("more"));
    const name = make("span", { class: "name" }, make("b", { dir: "auto" }), make("span", { class: "role" }));
    const names = make("span", { class: "line-names" }, name, make("span"));
    const line = make("li", { class: "line member" }, avatarWithDot(user, "unknown"), names, more);
    this.#lines.set(user.id, line);
    return line;
  }
}

const byName = (/** @type {any} */ a, /** @type {any} */ b) => nameOf(a.user).localeCompare(nameOf(b.user));

// `show()` would take the focus away from what is being written.
function showBeside(/** @type {any} */ panel) {
  /** @type {any} */
  const focused = document.activeElement;
  panel.show();
  focused?.focus({ preventScroll: true });
}

function remembered() {
  try {
    return localStorage.getItem(KEY) === "open";
  } catch {
    return false;
  }
}

function remember(/** @type {boolean} */ isOpen) {
  try {
    localStorage.setItem(KEY, isOpen ? "open" : "closed");
  } catch {
    // Forgotten with the page.
  }
}
