/** What stands around the messages of the open channel: its name, topic and people, its beginning, and its end. */
import { may, partnerIn, signOf, titleOf } from "./channels.js";
import { avatar, byId, icon } from "../page/dom.js";

/** `blocks`: whom the reader has blocked. */
export function showHeader(/** @type {Channel} */ channel, /** @type {Blocks} */ blocks) {
  const title = titleOf(channel);
  byId("pane").toggleAttribute("data-empty", false);
  byId("channel-title").textContent = title;
  byId("channel-topic").textContent = channel.topic ?? "";
  byId("channel-topic").hidden = !channel.topic;
  const members = byId("members-button");
  members.hidden = channel.kind === "direct" && !channel.is_group;
  members.querySelector(".members-count").textContent = channel.member_count;
  members.title = "People in this channel";
  byId("channel-menu-button").hidden = Boolean(channel.closed);
  byId("timeline").setAttribute("aria-label", `Messages in ${title}`);
  byId("composer-body").placeholder = `Message ${signOf(channel) === "hash" && channel.kind !== "direct" ? "#" : ""}${title}`;
  showStart(channel, title);
  showEnd(channel, title, blocks.has(partnerIn(channel)?.id));
}

function showStart(/** @type {Channel} */ channel, /** @type {string} */ title) {
  const start = byId("timeline-start");
  const isDirect = channel.kind === "direct";
  const sign = isDirect && channel.people.length ? avatar(channel.people[0]) : icon(signOf(channel));
  start.querySelector(".start-sign").replaceChildren(sign);
  start.querySelector("h2").textContent = isDirect ? title : `Welcome to ${title}`;
  start.querySelector("p").textContent = beginning(channel, title);
  byId("start-add").hidden = !may(channel, "add");
}

function beginning(/** @type {Channel} */ channel, /** @type {string} */ title) {
  if (channel.floor) return channel.kept_days ? `Older messages were deleted: this channel keeps messages for ${channel.kept_days} days.` : "Older messages were deleted: this channel kept them for a limited time.";
  return channel.kind === "direct"
    ? `This is the beginning of your conversation with ${title}. ${channel.is_group ? "Only those in it" : "Only you two"} can read it.`
    : `This is the very beginning of the channel. ${channel.topic || "Say hello, or add the people who belong here."}`;
}

/** Wherever a channel is named beside others: what it is called now. */
export function paintTitles(/** @type {Channels} */ channels) {
  for (const element of document.querySelectorAll("[data-title-of]")) {
    const channel = channels.get(Number(element.dataset.titleOf));
    if (channel) element.textContent = titleOf(channel);
  }
}

/** @type {Record<string, any>} */
const ENDS = {
  left: (/** @type {string} */ title) => `You have left ${title}. You see these messages until you open another channel.`,
  removed: (/** @type {string} */ title) => `You are no longer a member of ${title}, so new messages do not reach you. An owner can add you again.`,
  blocked: (/** @type {string} */ title) => `You have blocked ${title}: you can't send each other direct messages. Unblock them in the menu above to write.`,
  archived: (/** @type {string} */ title) => `${title} has been archived: you can read it, but nobody can write in it.`,
};

const REFUSED =
  "This channel is open on too many devices, so new messages do not appear here by themselves. You can write; missed messages appear as soon as there is room.";

function showEnd(/** @type {Channel} */ channel, /** @type {string} */ title, /** @type {boolean} */ isBlocked) {
  const why = channel.closed ?? (channel.archived_at ? "archived" : isBlocked ? "blocked" : null);
  byId("closed-note").hidden = !why;
  byId("closed-note").textContent = why ? ENDS[why](title) : "";
  byId("composer").hidden = Boolean(why);
  byId("refused-note").hidden = Boolean(why) || !channel.refused;
  byId("refused-note").querySelector("p").textContent = byId("refused-note").hidden ? "" : REFUSED;
}
