/** Bans: who is shut out of everything, and the way back in. Each act asks for a reason; who may do it the server says. */
import { getAll, post } from "../page/api.js";
import { ask, say } from "../page/dialogs.js";
import { avatar, byId, make } from "../page/dom.js";
import { whenName } from "../page/format.js";

export function ban(/** @type {Person} */ { id, display_name: name }, done = () => {}) {
  ask({
    title: `Ban ${name}?`,
    text: "They are signed out on all devices at once and can't sign in any more. Their messages stay.",
    reason: { label: "Reason, for the audit log", isRequired: true },
    action: "Ban",
    act: async (/** @type {{ reason: any }} */ { reason }) => {
      await post("moderation/bans/", { users: [id], reason });
      say(`${name} is banned. The ban can be lifted on the desk.`);
      done();
    },
  });
}

/** The part of the desk that lists the standing bans; a user who may not ban has none. */
export class Bans {
  #box = byId("bans");
  #list = this.#box.querySelector("ul");
  #note = this.#box.querySelector("p");

  constructor(/** @type {{ mayBan: boolean }} */ { mayBan }) {
    this.#box.hidden = !mayBan;
    this.#box.addEventListener("toggle", () => this.refresh());
  }

  async refresh() {
    if (!this.#box.open) return;
    try {
      const bans = await getAll("moderation/bans/");
      this.#list.replaceChildren(...bans.filter(({ user }) => user).map((each) => this.#line(each)));
      this.#note.textContent = this.#list.children.length ? "" : "Nobody is banned.";
    } catch (problem) {
      this.#note.textContent = problem.detail;
    }
  }

  #line(/** @type {{ user: any, reason: any, banned_by: any, created_at: string }} */ { user, reason, banned_by: by, created_at: createdAt }) {
    const said = `${whenName(new Date(createdAt))}${by ? ` by ${by.display_name}` : ""}: ${reason}`;
    const names = make("span", { class: "line-names" }, make("b", { textContent: user.display_name, dir: "auto" }), make("span", { textContent: said, dir: "auto" }));
    const lift = make("button", { class: "button small", type: "button", textContent: "Lift…", "aria-label": `Lift the ban of ${user.display_name}`, on: { click: () => this.#lift(user) } });
    return make("li", { class: "line" }, avatar(user), names, lift);
  }

  #lift(/** @type {Person} */ { id, display_name: name }) {
    ask({
      title: `Lift the ban of ${name}?`,
      text: "They can sign in again, and are still members of their channels.",
      reason: { label: "Reason, for the audit log", isRequired: true },
      action: "Lift the ban",
      isHarmless: true,
      act: async (/** @type {{ reason: any }} */ { reason }) => {
        await post("moderation/bans/lift/", { users: [id], reason });
        say(`${name} can sign in again.`);
        this.refresh();
      },
    });
  }
}
