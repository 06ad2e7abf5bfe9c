/** The quick way to a channel or a person: type a part of the name, Enter. */
import { beginsWith, isCalled } from "./called.js";
import { signOf, titleOf } from "./channels.js";
import { open } from "../page/dialogs.js";
import { avatar, byId, icon, make } from "../page/dom.js";
import { nameOf } from "../people/names.js";
import { findPeople } from "../people/people.js";

const MOST = 12;

export class Switcher {
  #dialog = byId("switcher");
  #input = this.#dialog.querySelector("input");
  #list = byId("switcher-list");
  #note = this.#dialog.querySelector(".dialog-note");
  #channels;
  #me;
  #toChannel;
  #toPerson;
  /** @type {Person[]} */ #people = [];
  #active = 0;

  constructor(/** @type {{ channels: Channels, me: Me, toChannel: Callback, toPerson: Callback }} */ { channels, me, toChannel, toPerson }) {
    this.#channels = channels;
    this.#me = me;
    this.#toChannel = toChannel;
    this.#toPerson = toPerson;
    this.#input.addEventListener("input", () => this.#search());
    this.#input.addEventListener("keydown", (/** @type {any} */ event) => this.#pressed(event));
  }

  open() {
    this.#input.value = "";
    this.#people = [];
    open(this.#dialog);
    this.#search();
  }

  async #search() {
    const wanted = this.#input.value.trim();
    this.#draw();
    if (!wanted) return;
    const people = await findPeople(wanted).catch(/** @returns {any} */ () => []);
    if (wanted !== this.#input.value.trim()) return;
    this.#people = people.filter((/** @type {{ id: number }} */ { id }) => id !== this.#me.id);
    this.#draw();
  }

  #draw() {
    const lines = [...this.#channelLines(), ...this.#personLines()].slice(0, MOST);
    this.#list.replaceChildren(...lines);
    this.#note.textContent = lines.length ? "" : "No channel or person has this name.";
    this.#activate(0);
  }

  #channelLines() {
    const typed = this.#input.value;
    const found = this.#channels.all().filter((/** @type {Channel} */ channel) => isCalled(titleOf(channel), typed));
    const rank = (/** @type {Channel} */ channel) => [
      this.#channels.unreadOf(channel) > 0 ? 0 : 1,
      beginsWith(titleOf(channel), typed) ? 0 : 1,
      -Date.parse(channel.lastAt ?? "1970"),
    ];
    found.sort((/** @type {any} */ a, /** @type {any} */ b) => compare(rank(a), rank(b)) || titleOf(a).localeCompare(titleOf(b)));
    return found.map((/** @type {Channel} */ channel) => {
      const sign = channel.kind === "direct" ? avatar(channel.people[0], { small: true }) : icon(signOf(channel));
      const unread = this.#channels.unreadOf(channel);
      return this.#line(sign, titleOf(channel), unread ? `${unread} unread` : "", () => this.#toChannel(channel));
    });
  }

  #personLines() {
    if (!this.#input.value.trim()) return [];
    const known = new Set(this.#channels.all().filter((/** @type {{ kind: string }} */ { kind }) => kind === "direct").flatMap((/** @type {{ people: Person[] }} */ { people }) => people.map((/** @type {{ id: number }} */ { id }) => id)));
    const others = this.#people.filter(({ id }) => !known.has(id));
    return others.map((person) =>
      this.#line(avatar(person, { small: true }), nameOf(person), "New direct message", () => this.#toPerson(person)),
    );
  }

  #line(/** @type {any} */ sign, /** @type {string} */ name, /** @type {any} */ note, /** @type {any} */ act) {
    const choose = () => {
      this.#dialog.close();
      act();
    };
    const parts = [make("span", { class: "line-sign" }, sign), make("b", { textContent: name }), make("span", { class: "line-note", textContent: note })];
    const line = make("li", { class: "line option", role: "option", "aria-selected": "false", on: { click: choose } }, ...parts);
    line.addEventListener("pointermove", () => this.#activate([...this.#list.children].indexOf(line)));
    return line;
  }

  #pressed(/** @type {any} */ event) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const count = this.#list.children.length;
    if (step && count) {
      event.preventDefault();
      this.#activate((this.#active + step + count) % count);
      this.#list.children[this.#active].scrollIntoView({ block: "nearest" });
    }
    if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      this.#list.children[this.#active]?.click();
    }
  }

  #activate(/** @type {number} */ index) {
    this.#active = index;
    [...this.#list.children].forEach((line, place) => {
      line.id = `switcher-${place}`;
      line.setAttribute("aria-selected", String(place === index));
    });
    this.#input.setAttribute("aria-activedescendant", this.#list.children.length ? `switcher-${index}` : "");
  }
}

function compare(/** @type {any} */ a, /** @type {any} */ b) {
  const index = a.findIndex((/** @type {string} */ value, /** @type {number} */ place) => value !== b[place]);
  return index < 0 ? 0 : a[index] - b[index];
}
