/** Choosing a person, or several: for a new direct message, or to be added to a channel. */
import { get } from "../page/api.js";
import { open, searchList } from "../page/dialogs.js";
import { avatar, byId, make } from "../page/dom.js";
import { Inviting } from "./inviting.js";
import { latest, learn, paintName } from "./names.js";
import { Several } from "./several.js";

export class People {
  #dialog = byId("people");
  #title = byId("people-title");
  #start;
  /** @type {Callback} */ #choose = () => {};
  #without = new Set();
  #inviting = new Inviting();
  #several = new Several({ began: () => this.#start() });
  /** @type {any} */ #among = null;

  constructor() {
    this.#start = searchList({
      dialog: this.#dialog,
      find: async (/** @type {string} */ search) => (this.#among ? named(this.#among, search) : await findPeople(search)).filter((/** @type {{ id: number }} */ { id }) => !this.#without.has(id)),
      line: (/** @type {Person} */ person) => this.#line(person),
      empty: (/** @type {string} */ search) => (search ? "Nobody has this name." : "There is nobody else to choose."),
    });
  }

  /** Of `among`, or of everybody; `inviteTo`: the channel into which a link may let new people besides. `choose(person)`, and `several(people)` where that is offered, may reject with a sentence in `detail`; the dialog closes when it succeeds. */
  ask(/** @type {{ title: string, among?: any, without?: any, inviteTo?: any, choose: Callback, several?: Callback | null, isSeveral?: boolean }} */ { title, among = null, without = [], inviteTo = null, choose, several = null, isSeveral = false }) {
    this.#among = among;
    this.#title.textContent = title;
    this.#without = new Set(without);
    this.#choose = choose;
    this.#inviting.offer(inviteTo);
    this.#several.offer(several && ((/** @type {Person[]} */ people) => this.#take(() => several(people))), { isOn: isSeveral });
    open(this.#dialog);
    this.#start();
  }

  #line(/** @type {Person} */ person) {
    if (this.#several.isOn) return make("li", {}, this.#severalLine(person));
    const button = make("button", { class: "line", type: "button", on: { click: () => this.#take(() => this.#choose(person)) } }, ...nameParts(person));
    return make("li", {}, button);
  }

  #severalLine(/** @type {Person} */ person) {
    const box = make("input", { type: "checkbox", checked: this.#several.has(person.id), on: { change: () => this.#several.toggle(person) } });
    return make("label", { class: "line" }, ...nameParts(person), box);
  }

  async #take(/** @type {Callback} */ act) {
    try {
      await act();
      this.#dialog.close();
    } catch (problem) {
      this.#dialog.querySelector(".dialog-note").textContent = problem.detail ?? "That did not work. Try again.";
    }
  }
}

const named = (/** @type {Person[]} */ people, /** @type {string} */ search) =>
  people.filter((/** @type {Person} */ person) => `${latest(person).display_name} ${person.username}`.toLowerCase().includes(search.toLowerCase()));

export async function findPeople(/** @type {string} */ search) {
  const { results } = await get("users/", search ? { search } : {});
  learn(results);
  return results;
}

/** Circle, name and user name of a person, for a line. */
export function nameParts(/** @type {Person} */ person) {
  const names = [paintName(make("b"), person), make("span", { textContent: `@${person.username}` })];
  return [avatar(person), make("span", { class: "line-names" }, ...names)];
}
