/** Finding, joining and making channels. Hands each result over; refuses to know what opening one means. */
import { get, post } from "../page/api.js";
import { explain, open, searchList } from "../page/dialogs.js";
import { byId, icon, make } from "../page/dom.js";
import { plural } from "../page/format.js";

export class Browse {
  #dialog = byId("browse");
  #start;
  #joined;

  /** `joined(channel)` when one was chosen that the person is in by then. */
  constructor(/** @type {{ joined: Callback }} */ { joined }) {
    this.#joined = joined;
    this.#start = searchList({
      dialog: this.#dialog,
      find: async (/** @type {string} */ search) => (await get("channels/", { scope: "public", ...(search ? { search } : {}) })).results,
      line: (/** @type {Channel} */ channel) => this.#line(channel),
      empty: (/** @type {string} */ search) => (search ? "No public channel has this name." : "There is no public channel yet. Create the first one."),
    });
  }

  open() {
    open(this.#dialog);
    this.#start();
  }

  #line(/** @type {Channel} */ channel) {
    const about = [plural(channel.member_count, "member"), channel.topic].filter(Boolean).join(" · ");
    const names = [make("b", { textContent: channel.name }), make("span", { textContent: about })];
    const label = channel.is_member ? "Open" : "Join";
    const button = make("button", {
      class: channel.is_member ? "button small quiet" : "button small", type: "button", textContent: label,
      "aria-label": `${label} ${channel.name}`, on: { click: () => this.#choose(channel) },
    });
    return make("li", { class: "line" }, icon("hash"), make("span", { class: "line-names" }, ...names), button);
  }

  async #choose(/** @type {Channel} */ channel) {
    try {
      const joined = channel.is_member ? channel : await post(`channels/${channel.id}/join/`);
      this.#dialog.close();
      this.#joined(joined?.id ? joined : channel);
    } catch (problem) {
      this.#dialog.querySelector(".dialog-note").textContent = problem.detail;
    }
  }
}

export class Create {
  #dialog = byId("create");
  #form = this.#dialog.querySelector("form");
  #made;

  /** `made(channel)` when the server has it. */
  constructor(/** @type {{ made: Callback }} */ { made }) {
    this.#made = made;
    this.#form.addEventListener("submit", (/** @type {any} */ event) => this.#submit(event));
  }

  open() {
    this.#form.reset();
    explain(this.#form, {});
    open(this.#dialog);
  }

  async #submit(/** @type {any} */ event) {
    event.preventDefault();
    const { name, topic, kind } = /** @type {Record<string, string>} */ (Object.fromEntries(/** @type {any} */ (new FormData(this.#form))));
    if (!name.trim()) return explain(this.#form, { name: ["A channel needs a name."] });
    try {
      const channel = await post("channels/", { name: name.trim(), topic: topic.trim(), kind });
      this.#dialog.close();
      this.#made(channel);
    } catch ({ errors, detail }) {
      explain(this.#form, errors, detail);
    }
  }
}
