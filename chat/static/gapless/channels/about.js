/** What can be done with the open channel itself: what of it notifies, name and topic, putting it away, leaving it. */
import { patch, post, remove } from "../page/api.js";
import { may, partnerIn, titleOf } from "./channels.js";
import { ask, confirm, explain, open, say } from "../page/dialogs.js";
import { byId } from "../page/dom.js";
import { loadMembers } from "../people/members.js";
import { Popup } from "../page/popup.js";

/** @type {Record<string, any>} */
const WAYS_BACK = {
  public: "You can join again at any time.",
  private: "You can return only when somebody adds you again.",
  direct: "The others go on without you. You return when you write to the same people again.",
};

const ARRANGES = ["favour", "unfavour", "section"];

export class About {
  #menu = new Popup("channel-menu", (/** @type {any} */ act) => this.#do(act));
  #dialog = byId("about");
  #form = this.#dialog.querySelector("form");
  #button = byId("channel-menu-button");
  #levels = document.querySelectorAll('#channel-menu [data-act^="notify-"]');
  #channel;
  #people;
  #blocks;
  #changed;
  #left;
  #arranging;

  /** `channel()` is the open one; `people`: the dialog to choose one; `blocks`: whom this person has blocked; `arranging`: its place in the list; `changed(channel)` after it looks different to this person, `left(channel)` after leaving. */
  constructor(/** @type {{ channel: Callback, people: People, blocks: Blocks, arranging: Arranging, changed: Callback, left: Callback }} */ { channel, people, blocks, arranging, changed, left }) {
    this.#arranging = arranging;
    this.#blocks = blocks;
    this.#people = people;
    this.#channel = channel;
    this.#changed = changed;
    this.#left = left;
    this.#button.addEventListener("click", () => this.#open());
    this.#form.addEventListener("submit", (/** @type {any} */ event) => this.#save(event));
  }

  #open() {
    const channel = this.#channel();
    for (const item of this.#levels) item.setAttribute("aria-checked", String(item.dataset.act === `notify-${channel.notify_level}`));
    this.#menu.open(this.#button.getBoundingClientRect(), (/** @type {any} */ act) => this.#offers(act, channel));
  }

  #offers(/** @type {any} */ act, /** @type {any} */ channel) {
    const partner = partnerIn(channel);
    if (act === "block" || act === "unblock") return partner != null && this.#blocks.has(partner.id) === (act === "unblock");
    if (ARRANGES.includes(act)) return this.#arranging.offers(act, channel);
    return act.startsWith("notify-") || offers(channel, act);
  }

  #do(/** @type {any} */ act) {
    const channel = this.#channel();
    if (act.startsWith("notify-")) this.#notify(channel, act.slice("notify-".length));
    else if (ARRANGES.includes(act)) this.#arranging.do(act, channel);
    else if (act === "rename") this.#edit(channel);
    else if (act === "archive") this.#archive(channel);
    else if (act === "block") this.#blocks.block(/** @type {Person} */ (partnerIn(channel)));
    else if (act === "unblock") this.#blocks.unblock(/** @type {Person} */ (partnerIn(channel)));
    else if (act === "restore") this.#restore(channel);
    else if (act === "leave") this.#leave(channel);
  }

  async #notify(/** @type {any} */ channel, /** @type {string} */ level) {
    const before = channel.notify_level;
    const show = (/** @type {any} */ shown) => this.#changed(Object.assign(channel, { notify_level: shown }));
    show(level);
    await patch(`channels/${channel.id}/membership/`, { notify_level: level }).catch((problem) => {
      show(before);
      say(`Not changed. ${problem.detail}`);
    });
  }

  #edit(/** @type {Channel} */ { kind, name, topic, is_named: isNamed }) {
    // What a conversation is not called by its people are their own names.
    Object.assign(this.#form.elements.name, { value: kind === "direct" && !isNamed ? "" : name });
    Object.assign(this.#form.elements.topic, { value: topic ?? "" });
    Object.assign(this.#form.elements.reason ?? {}, { value: "" });
    explain(this.#form, {});
    open(this.#dialog);
  }

  async #save(/** @type {any} */ event) {
    event.preventDefault();
    const name = this.#form.elements.name.value.trim();
    if (!name && this.#channel().kind !== "direct") return explain(this.#form, { name: ["A channel needs a name."] });
    try {
      const { topic, reason } = this.#form.elements;
      // The field is there for the staff: the server says when it is needed.
      const why = reason?.value.trim();
      await patch(`channels/${this.#channel().id}/`, { name, topic: topic.value.trim(), ...(why && { reason: why }) });
      this.#dialog.close();
    } catch ({ errors, detail }) {
      explain(this.#form, errors, detail);
    }
  }

  #archive(/** @type {any} */ channel) {
    ask({
      title: `Archive ${titleOf(channel)}?`,
      text: "Members can still read it, but nobody can write in it until an owner takes it out of the archive.",
      reason: { label: "Reason", isRequired: false },
      action: "Archive",
      act: (/** @type {{ reason: any }} */ { reason }) => remove(`channels/${channel.id}/`, { reason }),
    });
  }

  #restore(/** @type {any} */ channel) {
    ask({
      title: `Take ${titleOf(channel)} out of the archive?`,
      text: "Its members can write in it again.",
      reason: { label: "Reason", isRequired: false },
      action: "Take out",
      isHarmless: true,
      act: (/** @type {{ reason: any }} */ { reason }) => patch(`channels/${channel.id}/`, { archived: false, reason }),
    });
  }

  async #leave(/** @type {any} */ channel) {
    const isSure = await confirm({
      title: `Leave ${titleOf(channel)}?`,
      text: WAYS_BACK[channel.kind],
      action: "Leave",
    });
    if (!isSure) return;
    await this.#go(channel).catch((problem) => this.#handOver(channel, problem));
  }

  async #go(/** @type {any} */ channel) {
    await post(`channels/${channel.id}/leave/`);
    this.#left(channel);
  }

  // The last owner is not let go: an owner may name another one, and go then.
  async #handOver(/** @type {any} */ channel, /** @type {{ detail: any }} */ { detail }) {
    const text = `You are still in ${titleOf(channel)}. ${detail}`;
    if (!may(channel, "promote")) return say(text);
    const isWanted = await confirm({ title: "Hand it over first?", text, action: "Choose an owner", isHarmless: true });
    if (!isWanted) return;
    const members = await loadMembers(channel.id).catch(/** @returns {any} */ () => []);
    this.#people.ask({
      title: "Who owns it from now on?",
      among: members.filter((/** @type {Member} */ { can = [] }) => can.includes("promote")).map((/** @type {Member} */ { user }) => user),
      choose: async (/** @type {{ id: number }} */ { id }) => {
        await patch(`channels/${channel.id}/members/${id}/`, { role: "owner" });
        await this.#go(channel);
      },
    });
  }
}

const offers = (/** @type {any} */ channel, /** @type {any} */ act) => {
  if (act === "restore") return may(channel, "archive") && Boolean(channel.archived_at);
  return may(channel, act) && !(act === "archive" && channel.archived_at);
};
