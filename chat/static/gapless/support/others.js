/** Who else looks at the open conversation, and who types in it: said of the moment, forgotten after six seconds. */
import { byId } from "../page/dom.js";
import { nameOf as nameOfPerson } from "../people/names.js";

const SAY_MS = 3_000;
const SHOWN_MS = 6_000;

export class Others {
  #me;
  #client;
  #nameOf;
  /** @type {number | null} */ #open = null;
  /** @type {string[]} */ #looking = [];
  /** @type {string[]} */ #writing = [];
  /** @type {Record<string, any>} */ #timers = {};

  constructor(/** @type {{ me: Person, client: any, nameOf: (id: number) => string }} */ { me, client, nameOf }) {
    this.#me = me;
    this.#client = client;
    this.#nameOf = nameOf;
    setInterval(() => this.#say(), SAY_MS);
  }

  open(/** @type {number} */ conversation) {
    if (this.#open != null) this.#client.viewing(this.#open, false);
    this.#open = conversation;
    this.#looking = [];
    this.#writing = [];
    this.#draw();
    this.#say();
  }

  viewing(/** @type {{ channel: number, users: number[] }} */ { channel, users }) {
    if (channel !== this.#open) return;
    this.#looking = users.filter((id) => id !== this.#me.id).map(this.#nameOf);
    this.#forget("looking", () => {
      this.#looking = [];
    });
  }

  typing(/** @type {{ channel: number, users: number[] }} */ { channel, users }, /** @type {Ticket | null} */ row) {
    if (channel !== this.#open) return;
    const name = (/** @type {number} */ id) => (id === row?.visitor.id ? nameOfPerson(row.visitor) : this.#nameOf(id));
    this.#writing = users.filter((id) => id !== this.#me.id).map(name);
    this.#forget("writing", () => {
      this.#writing = [];
    });
  }

  #forget(/** @type {string} */ what, /** @type {() => void} */ forget) {
    clearTimeout(this.#timers[what]);
    this.#timers[what] = setTimeout(() => (forget(), this.#draw()), SHOWN_MS);
    this.#draw();
  }

  #draw() {
    const line = byId("desk-others");
    const looking = this.#looking.filter((name) => !this.#writing.includes(name));
    const words = [sentence(this.#writing, "is typing", "are typing"), sentence(looking, "looks at this too", "look at this too")].filter(Boolean);
    line.textContent = words.join(" · ");
    line.hidden = !words.length;
  }

  #say() {
    if (this.#open != null && !document.hidden && document.hasFocus()) this.#client.viewing(this.#open, true);
  }
}

const sentence = (/** @type {string[]} */ names, /** @type {string} */ one, /** @type {string} */ many) => (names.length ? `${names.join(", ")} ${names.length === 1 ? one : many}` : "");
