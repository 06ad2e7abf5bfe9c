/** The people of the open channel: who they are, adding, removing, leaving. */
import { get, post, remove } from "gapless/api";
import { titleOf } from "gapless/channels";
import { confirm, open, say } from "gapless/dialogs";
import { byId, icon, make } from "gapless/dom";
import { plural } from "gapless/format";
import { nameParts } from "gapless/people";

const ROLES = { owner: "Owner", moderator: "Moderator" };

/** True for those who may add and remove people and delete what others wrote. */
export const mayModerate = (channel) => ["owner", "moderator"].includes(channel?.role);

/** Every member of a channel, over as many pages as there are. */
export async function loadMembers(channel) {
  const members = [];
  let page = 1;
  for (let next = true; next; page += 1) {
    const { results, next: further } = await get(`channels/${channel}/members/`, page > 1 ? { page } : {});
    members.push(...results);
    next = further;
  }
  return members;
}

export class Members {
  #dialog = byId("members");
  #people;
  #me;
  #left;
  #channel = null;
  #members = [];

  /** `people`: the dialog to choose a person; `left(channel)` after leaving. */
  constructor({ people, me, left }) {
    this.#people = people;
    this.#me = me;
    this.#left = left;
    this.#find('[data-act="add"]').addEventListener("click", () => this.add(this.#channel));
    this.#find('[data-act="leave"]').addEventListener("click", () => this.#leave());
  }

  async open(channel) {
    this.#channel = channel;
    const isDirect = channel.kind === "direct";
    byId("members-title").textContent = isDirect ? "People" : titleOf(channel);
    this.#find(".members-topic").textContent = channel.topic;
    this.#find(".members-topic").hidden = !channel.topic;
    this.#find('[data-act="add"]').hidden = isDirect || !mayModerate(channel);
    this.#find('[data-act="leave"]').hidden = isDirect;
    this.#find(".lines").replaceChildren();
    open(this.#dialog);
    await this.#load();
  }

  /** Asks whom to add, and adds. */
  async add(channel) {
    const members = await loadMembers(channel.id).catch(() => []);
    this.#people.ask({
      title: `Add to ${titleOf(channel)}`,
      without: members.map(({ user }) => user.id),
      choose: async (person) => {
        await post(`channels/${channel.id}/members/`, { user: person.id });
        say(`${person.display_name} is now in ${titleOf(channel)}.`);
        if (this.#dialog.open) this.#load();
      },
    });
  }

  /** Somebody joined or left while the list is open. */
  refresh(channel) {
    if (this.#dialog.open && this.#channel?.id === channel) this.#load();
  }

  async #load() {
    try {
      this.#members = await loadMembers(this.#channel.id);
      this.#find(".dialog-note").textContent = plural(this.#members.length, "member");
      this.#find(".lines").replaceChildren(...this.#members.map((member) => this.#line(member)));
    } catch (problem) {
      this.#find(".dialog-note").textContent = problem.detail;
    }
  }

  #line({ user, role }) {
    const isMe = user.id === this.#me.id;
    const note = [ROLES[role], isMe ? "you" : null].filter(Boolean).join(", ");
    const mayGo = this.#channel.kind !== "direct" && !isMe && role !== "owner" && mayModerate(this.#channel);
    const button = make("button", {
      class: "icon-button small", type: "button", "aria-label": `Remove ${user.display_name}`, title: "Remove",
      on: { click: () => this.#remove(user) },
    }, icon("close"));
    return make("li", { class: "line" }, ...nameParts(user), make("span", { class: "line-note", textContent: note }), mayGo ? button : null);
  }

  async #remove(user) {
    const isSure = await confirm({
      title: `Remove ${user.display_name}?`,
      text: `They stop seeing ${titleOf(this.#channel)} at once. What they wrote stays.`,
      action: "Remove",
    });
    if (!isSure) return;
    await remove(`channels/${this.#channel.id}/members/${user.id}/`).catch((problem) => say(problem.detail));
    this.#load();
  }

  async #leave() {
    const channel = this.#channel;
    const isSure = await confirm({
      title: `Leave ${titleOf(channel)}?`,
      text: channel.kind === "private" ? "You come back only when somebody adds you again." : "You can join again at any time.",
      action: "Leave",
    });
    if (!isSure) return;
    try {
      await post(`channels/${channel.id}/leave/`);
      this.#dialog.close();
      this.#left(channel);
    } catch (problem) {
      say(problem.detail);
    }
  }

  #find(selector) {
    return this.#dialog.querySelector(selector);
  }
}
