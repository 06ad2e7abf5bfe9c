/** The quick way to a channel or a person: type a part of the name, Enter. */
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
  #people = [];
  #active = 0;

  constructor({ channels, me, toChannel, toPerson }) {
    this.#channels = channels;
    this.#me = me;
    this.#toChannel = toChannel;
    this.#toPerson = toPerson;
    this.#input.addEventListener("input", () => this.#search());
    this.#input.addEventListener("keydown", (event) => this.#pressed(event));
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
    const people = await findPeople(wanted).catch(() => []);
    if (wanted !== this.#input.value.trim()) return;
    this.#people = people.filter(({ id }) => id !== this.#me.id);
    this.#draw();
  }

  #draw() {
    const lines = [...this.#channelLines(), ...this.#personLines()].slice(0, MOST);
    this.#list.replaceChildren(...lines);
    this.#note.textContent = lines.length ? "" : "Nothing of that name among your channels and people.";
    this.#activate(0);
  }

  #channelLines() {
    const wanted = this.#input.value.trim().toLowerCase();
    const found = this.#channels.all().filter((channel) => titleOf(channel).toLowerCase().includes(wanted));
    const rank = (channel) => [
      this.#channels.unreadOf(channel) > 0 ? 0 : 1,
      titleOf(channel).toLowerCase().startsWith(wanted) ? 0 : 1,
      -Date.parse(channel.lastAt ?? 0),
    ];
    found.sort((a, b) => compare(rank(a), rank(b)) || titleOf(a).localeCompare(titleOf(b)));
    return found.map((channel) => {
      const sign = channel.kind === "direct" ? avatar(channel.people[0], { small: true }) : icon(signOf(channel));
      const unread = this.#channels.unreadOf(channel);
      return this.#line(sign, titleOf(channel), unread ? `${unread} unread` : "", () => this.#toChannel(channel));
    });
  }

  #personLines() {
    if (!this.#input.value.trim()) return [];
    const known = new Set(this.#channels.all().filter(({ kind }) => kind === "direct").flatMap(({ people }) => people.map(({ id }) => id)));
    const others = this.#people.filter(({ id }) => !known.has(id));
    return others.map((person) =>
      this.#line(avatar(person, { small: true }), nameOf(person), "New direct message", () => this.#toPerson(person)),
    );
  }

  #line(sign, name, note, act) {
    const choose = () => {
      this.#dialog.close();
      act();
    };
    const parts = [make("span", { class: "line-sign" }, sign), make("b", { textContent: name }), make("span", { class: "line-note", textContent: note })];
    const line = make("li", { class: "line option", role: "option", "aria-selected": "false", on: { click: choose } }, ...parts);
    line.addEventListener("pointermove", () => this.#activate([...this.#list.children].indexOf(line)));
    return line;
  }

  #pressed(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
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

  #activate(index) {
    this.#active = index;
    [...this.#list.children].forEach((line, place) => {
      line.id = `switcher-${place}`;
      line.setAttribute("aria-selected", String(place === index));
    });
    this.#input.setAttribute("aria-activedescendant", this.#list.children.length ? `switcher-${index}` : "");
  }
}

function compare(a, b) {
  const index = a.findIndex((value, place) => value !== b[place]);
  return index < 0 ? 0 : a[index] - b[index];
}
