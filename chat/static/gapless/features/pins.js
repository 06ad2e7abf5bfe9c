/** Pins, which everybody in the channel sees, and saved messages, which nobody else does. */
import { may } from "../channels/channels.js";
import { Kept } from "../channels/kept.js";
import { post, remove } from "../page/api.js";
import * as dialogs from "../page/dialogs.js";
import { byId } from "../page/dom.js";
import { feature } from "../page/feature.js";

feature((page) => {
  const { acts, channels, timeline } = page;
  const toMessage = (/** @type {any} */ channel, /** @type {number} */ seq) => page.toMessage(channel, seq);
  const change = (/** @type {string} */ op, /** @type {Message} */ { channel, id }) => page.change({ op, channel, message: id });
  const say = (/** @type {string} */ sentence) => (/** @type {Refused} */ { detail }) => dialogs.say(`${sentence} ${detail}`);

  timeline.parts.push((row, { pinned_at: pinnedAt, deleted_at: deletedAt }) => {
    row.querySelector(".pinned").hidden = !pinnedAt || Boolean(deletedAt);
  });
  acts.pin = { act: (message) => change("pin.add", message).catch(say("Not pinned.")), isOffered: ({ channel, message }) => may(channel, "pin") && !message.pinned_at };
  acts.unpin = { act: (message) => change("pin.remove", message).catch(say("Still pinned.")), isOffered: ({ channel, message }) => may(channel, "pin") && Boolean(message.pinned_at) };
  acts.save = {
    act: ({ id }) => post("saved/", { message: id }).then(() => dialogs.say("Saved. You find it in your menu, under “Saved messages”; nobody else sees it."), say("Not saved.")),
    isOffered: () => true,
  };

  const pins = new Kept({
    id: "pins", channels, toMessage,
    empty: "Nothing is pinned here. Members can pin a message from its menu; everybody sees it.",
    out: { label: "Unpin", isOffered: ({ channel }) => may(channels.get(channel), "pin"), act: (message) => change("pin.remove", message) },
  });
  const saved = new Kept({
    id: "saved", channels, toMessage,
    empty: "Nothing is saved. Save a message from its menu to find it again here; nobody else sees that.",
    out: { label: "Remove from the list", isOffered: () => true, act: ({ id }) => remove(`saved/${id}/`) },
  });
  page.openers.pins = () => {
    byId("channel-menu").hidePopover();
    pins.open(`channels/${page.here.id}/pins/`);
  };
  page.openers.saved = () => saved.open("saved/");
});
