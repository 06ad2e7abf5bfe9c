/** The part of the members' panel that lists who was removed and may not come back yet, and lets them. */
import { getAll, post } from "../page/api.js";
import { may, titleOf } from "../channels/channels.js";
import { ask, say } from "../page/dialogs.js";
import { avatar, byId, make } from "../page/dom.js";
import { whenName } from "../page/format.js";

export class Removed {
  #box = byId("removed");
  #list = this.#box.querySelector("ul");
  #note = this.#box.querySelector("p");
  /** @type {any} */ #channel = null;

  constructor() {
    this.#box.addEventListener("toggle", () => this.refresh());
  }

  /** Another channel is on screen, or none. */
  show(/** @type {Channel} */ channel) {
    this.#channel = channel;
    this.#box.hidden = !may(channel, "remove");
    this.#box.open = false;
  }

  async refresh() {
    const channel = this.#channel;
    if (!this.#box.open || this.#box.hidden) return;
    try {
      const removals = await getAll("moderation/members/removed/", { channel: channel.id });
      if (channel !== this.#channel) return;
      this.#list.replaceChildren(...removals.map((each) => this.#line(each)));
      this.#note.textContent = removals.length ? "" : "Nobody is removed at the moment.";
    } catch (problem) {
      this.#note.textContent = problem.detail;
    }
  }

  #line(/** @type {{ user: any, by: any, reason: any, removed_at: string, may_return_at: string | null }} */ { user, by, reason, removed_at: removedAt, may_return_at: until }) {
    const end = until ? `until ${whenName(new Date(until))}` : "until added again";
    const said = [`${whenName(new Date(removedAt))}${by ? ` by ${by.display_name}` : ""}, ${end}`, reason].filter(Boolean).join(": ");
    const names = make("span", { class: "line-names" }, make("b", { textContent: user.display_name, dir: "auto" }), make("span", { textContent: said, dir: "auto" }));
    const lift = make("button", { class: "button small", type: "button", textContent: "Lift…", "aria-label": `Let ${user.display_name} come back`, on: { click: () => this.#lift(user) } });
    return make("li", { class: "line" }, avatar(user), names, lift);
  }

  #lift(/** @type {Person} */ { id, display_name: name }) {
    const channel = this.#channel;
    ask({
      title: `Let ${name} come back?`,
      text: channel.kind === "public" ? `They can join ${titleOf(channel)} by themselves again.` : `They can return to ${titleOf(channel)} when somebody adds them.`,
      reason: { label: "Reason, for the audit log", isRequired: true },
      action: "Let them come back",
      isHarmless: true,
      act: async (/** @type {{ reason: any }} */ { reason }) => {
        await post("moderation/members/readmit/", { channel: channel.id, users: [id], reason });
        say(`${name} may come back to ${titleOf(channel)}.`);
        this.refresh();
      },
    });
  }
}
