/** Who somebody is, beside their name: what they are called, whether they are here, and the way to write to them. */
import { byId, make } from "../page/dom.js";
import { placeAt } from "../page/popup.js";
import { avatarWithDot, presenceText } from "./dots.js";
import { paintName } from "./names.js";

export class Card {
  #box = byId("card");
  #head = this.#box.firstElementChild;
  #write = this.#box.querySelector("button");
  #presence;
  #me;
  #channel;
  /** @type {any} */ #person = null;

  /** `channel()` is the open one; `writeTo(person)` opens the conversation. */
  constructor(/** @type {{ presence: Presence, me: Me, channel: Callback, writeTo: Callback }} */ { presence, me, channel, writeTo }) {
    this.#presence = presence;
    this.#me = me;
    this.#channel = channel;
    presence.addEventListener("changed", () => this.#box.matches(":popover-open") && this.#draw());
    this.#write.addEventListener("click", () => {
      this.#box.hidePopover();
      writeTo(this.#person);
    });
  }

  /** At a rectangle of the window. */
  open(/** @type {Person} */ person, /** @type {DOMRect} */ place) {
    this.#person = person;
    this.#presence.want([person.id]);
    this.#write.hidden = person.id === this.#me.id;
    this.#draw();
    this.#box.showPopover();
    placeAt(this.#box, place);
    (this.#write.hidden ? this.#box : this.#write).focus();
  }

  #draw() {
    const { id, username } = this.#person;
    const state = this.#presence.of(id, this.#channel()?.id);
    const name = paintName(make("b", { id: "card-name", dir: "auto" }), this.#person);
    this.#head.replaceChildren(avatarWithDot(this.#person, state.status),
      make("span", { class: "line-names" }, name, make("span", { textContent: `@${username}` }), make("span", {}, ...presenceText(state))));
  }
}
