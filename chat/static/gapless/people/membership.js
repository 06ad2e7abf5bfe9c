/** What can be done with the people of a channel: write to them, give a role, mute, remove, add. The server says who may. */
import { patch, post, remove } from "../page/api.js";
import { ban } from "../desk/bans.js";
import { muteOf, titleOf } from "../channels/channels.js";
import { ask, say } from "../page/dialogs.js";
import { byId } from "../page/dom.js";
import { loadMembers } from "./members.js";
import { Popup } from "../page/popup.js";

const MUTES = [[10, "10 minutes"], [60, "1 hour"], [24 * 60, "1 day"], [7 * 24 * 60, "1 week"]];
const REMOVALS = [["", "Until added again"], [60, "1 hour"], [24 * 60, "1 day"], [7 * 24 * 60, "1 week"]];
/** @type {Record<string, string>} */
const AS = { owner: "an owner", moderator: "a moderator", member: "a plain member" };
/** @type {Record<string, any>} */
const ROLES = { "make-owner": "owner", "make-moderator": "moderator", "make-member": "member" };

export class Membership {
  #menu = new Popup("member-menu", (/** @type {any} */ act) => this.#do(act));
  #people;
  #writeTo;
  #mayBan;
  #blocks;
  #changed;
  /** @type {any} */ #channel = null;
  /** @type {any} */ #member = null;
  /** The staff may act by their right where their role would not do: the server says when a reason is needed. */
  #saysWhy = "saysWhy" in byId("member-menu").dataset;

  /**
   * `people`: the dialog to choose a person; `writeTo(person)` opens the conversation; `mayBan`: the server lets this
   * person; `blocks`: whom this person has blocked; `changed(channel)`: its members are to be looked at anew.
   */
  constructor(/** @type {{ people: People, writeTo: Callback, mayBan: boolean, blocks: Blocks, changed: Callback }} */ { people, writeTo, mayBan, blocks, changed }) {
    this.#blocks = blocks;
    this.#changed = changed;
    this.#mayBan = mayBan;
    this.#people = people;
    this.#writeTo = writeTo;
  }

  /** The menu of one member, at the button that asked for it. */
  menu(/** @type {Member} */ member, /** @type {any} */ channel, /** @type {any} */ button) {
    this.#member = member;
    this.#channel = channel;
    this.#menu.open(button.getBoundingClientRect(), (/** @type {any} */ act) => this.#offers(act));
  }

  /** Asks whom to add, and adds. */
  async add(/** @type {any} */ channel) {
    const members = await loadMembers(channel.id).catch(/** @returns {any} */ () => []);
    this.#people.ask({
      title: `Add to ${titleOf(channel)}`,
      without: members.map((/** @type {Member} */ { user }) => user.id),
      inviteTo: channel,
      choose: async (/** @type {Person} */ person) => {
        await post(`channels/${channel.id}/members/`, { user: person.id });
        say(`${person.display_name} is now in ${titleOf(channel)}.`);
      },
    });
  }

  #offers(/** @type {any} */ act) {
    const { can = [], role, user } = this.#member;
    const isMuted = muteOf(this.#member) != null;
    if (act === "message") return this.#channel.kind !== "direct";
    if (act in ROLES) return can.includes("promote") && role !== ROLES[act];
    if (act === "mute") return can.includes("mute") && !isMuted;
    if (act === "unmute") return can.includes("mute") && isMuted;
    if (act === "block" || act === "unblock") return this.#blocks.has(user.id) === (act === "unblock");
    return act === "ban" ? this.#mayBan : can.includes(act);
  }

  #do(/** @type {any} */ act) {
    const person = this.#member.user;
    if (act === "message") this.#writeTo(person);
    else if (act in ROLES) this.#give(ROLES[act], person);
    else if (act === "mute") this.#mute(person);
    else if (act === "unmute") this.#unmute(person);
    else if (act === "remove") this.#remove(person);
    else if (act === "block") this.#blocks.block(person);
    else if (act === "unblock") this.#blocks.unblock(person);
    else if (act === "ban") ban(person);
  }

  #give(/** @type {string} */ role, /** @type {Person} */ { id, display_name: name }) {
    const give = (/** @type {object} */ more) => patch(`channels/${this.#channel.id}/members/${id}/`, { role, ...more });
    if (!this.#saysWhy) return give({}).catch((problem) => say(`Not changed. ${problem.detail}`));
    ask({
      title: `Make ${name} ${AS[role]} of ${titleOf(this.#channel)}?`,
      text: "Everybody in the channel sees it.",
      reason: { label: "Reason, for the audit log", isRequired: false },
      action: "Change",
      isHarmless: true,
      act: (/** @type {{ reason: string }} */ { reason }) => give({ reason }),
    });
  }

  #mute(/** @type {Person} */ { id, display_name: name }) {
    const channel = this.#channel;
    ask({
      title: `Mute ${name}?`,
      text: `They can still read ${titleOf(channel)}, but not write in it until the mute ends. They see when that is.`,
      choices: MUTES,
      reason: { label: "Reason, for the audit log", isRequired: true },
      action: "Mute",
      act: async (/** @type {{ choice: any, reason: any }} */ { choice, reason }) => {
        await post("moderation/members/mute/", { channel: channel.id, users: [id], minutes: Number(choice), reason });
        this.#changed(channel);
      },
    });
  }

  #unmute(/** @type {Person} */ { id, display_name: name }) {
    const channel = this.#channel;
    ask({
      title: `Let ${name} write again?`,
      text: `The mute in ${titleOf(channel)} ends at once.`,
      reason: { label: "Reason, for the audit log", isRequired: true },
      action: "End the mute",
      isHarmless: true,
      act: async (/** @type {{ reason: any }} */ { reason }) => {
        await post("moderation/members/unmute/", { channel: channel.id, users: [id], reason });
        this.#changed(channel);
      },
    });
  }

  #remove(/** @type {Person} */ { id, display_name: name }) {
    const channel = this.#channel;
    ask({
      title: `Remove ${name}?`,
      text: `They stop seeing ${titleOf(channel)} at once, and cannot return by themselves for the time that you choose. Their messages stay.`,
      choices: REMOVALS,
      reason: { label: "Reason, for the audit log", isRequired: true },
      action: "Remove",
      act: async (/** @type {{ choice: any, reason: any }} */ { choice, reason }) => {
        await remove(`channels/${channel.id}/members/${id}/`, { reason, ...(choice ? { minutes: Number(choice) } : {}) });
        this.#changed(channel);
      },
    });
  }
}
