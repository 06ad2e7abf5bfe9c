/** Who is called: names while one writes, in rows, and the list of what calls the person. */
import { Kept } from "../channels/kept.js";
import { byId } from "../page/dom.js";
import { feature } from "../page/feature.js";
import { paintCalls } from "../people/calls.js";
import { NAME, Naming } from "../people/naming.js";

const KEEPERS = ["owner", "moderator"];

feature((page) => {
  const { channels, client, directory, me, timeline } = page;
  let most = 0; // members of a channel in which everybody may call all
  client.addEventListener("hello", ({ detail }) => (most = detail.limits.everyone_members));
  const naming = new Naming({
    me, speakers: () => timeline.messages.map(({ sender }) => sender?.id), mayCallAll: ({ role }, members) => KEEPERS.includes(role) || members <= most,
  });
  // Nobody is called in a conversation with the support.
  page.completions.push({ pattern: NAME, find: (word) => (page.here && !page.here.is_support ? naming.find(page.here, word) : []) });

  timeline.parts.push((row, message) => {
    paintCalls(row, message, { me, usernameOf: (id) => directory.usernameOf(id) });
    const strangers = (message.mentions?.users ?? []).filter((/** @type {number} */ id) => id !== me.id && !directory.usernameOf(id));
    if (strangers.length) directory.learn(message.channel, strangers).then((isLearned) => isLearned && page.redraw(message.id));
  });

  const mentions = new Kept({
    id: "mentions", channels,
    empty: "Nobody has mentioned you yet. Messages with your @name appear here.",
    isNew: ({ channel, seq }) => seq > (channels.get(channel)?.read_seq ?? Infinity),
    toMessage: (/** @type {any} */ channel, /** @type {number} */ seq) => page.toMessage(channel, seq),
  });
  page.openers.mentions = () => mentions.open("mentions/");
  const number = byId("mentions-number");
  channels.addEventListener("changed", () => {
    number.parentElement.hidden = !channels.mentioned;
    number.textContent = channels.mentioned > 99 ? "99+" : channels.mentioned;
  });
});
