/** What can be done with the people of a channel: write to them, give a role, mute, remove, add. The server says who may. */
import { patch, post, remove } from "gapless/api";
import { titleOf } from "gapless/channels";
import { confirm, say } from "gapless/dialogs";
import { loadMembers } from "gapless/members";
import { Popup } from "gapless/popup";

const ROLES = { "make-owner": "owner", "make-moderator": "moderator", "make-member": "member" };

export class Membership {
  #menu = new Popup("member-menu", (act) => this.#do(act));
  #people;
  #writeTo;
  #channel = null;
  #member = null;

  /** `people`: the dialog to choose a person; `writeTo(person)` opens the conversation. */
  constructor({ people, writeTo }) {
    this.#people = people;
    this.#writeTo = writeTo;
  }

  /** The menu of one member, at the button that asked for it. */
  menu(member, channel, button) {
    this.#member = member;
    this.#channel = channel;
    this.#menu.open(button.getBoundingClientRect(), (act) => this.#offers(act));
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
      },
    });
  }

  #offers(act) {
    const { can = [], role } = this.#member;
    if (act === "message") return this.#channel.kind !== "direct";
    if (act in ROLES) return can.includes("promote") && role !== ROLES[act];
    return can.includes(act);
  }

  #do(act) {
    const person = this.#member.user;
    if (act === "message") this.#writeTo(person);
    else if (act in ROLES) this.#give(ROLES[act], person);
    else if (act === "remove") this.#remove(person);
  }

  #give(role, { id }) {
    return patch(`channels/${this.#channel.id}/members/${id}/`, { role }).catch((problem) => say(`Not changed. ${problem.detail}`));
  }

  async #remove({ id, display_name: name }) {
    const channel = this.#channel;
    const isSure = await confirm({
      title: `Remove ${name}?`,
      text: `They stop seeing ${titleOf(channel)} at once. What they wrote stays.`,
      action: "Remove",
    });
    if (isSure) await remove(`channels/${channel.id}/members/${id}/`).catch((problem) => say(`Not removed. ${problem.detail}`));
  }
}
