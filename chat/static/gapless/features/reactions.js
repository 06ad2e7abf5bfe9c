/** Reactions: chips under messages, six of them in the menu, all others from the picker; kept while there is no connection. */
import { may } from "../channels/channels.js";
import { wished } from "../client/reacting.js";
import { inTone, remember } from "../emoji/choices.js";
import * as dialogs from "../page/dialogs.js";
import { byId } from "../page/dom.js";
import { feature } from "../page/feature.js";
import { lazily } from "../page/lazy.js";
import { showReactions } from "../timeline/reactions.js";
import { Reactors } from "../timeline/reactors.js";

feature((page) => {
  const { acts, client, directory, me, timeline: { parts } } = page;
  const isOffered = (/** @type {{ channel: Channel }} */ { channel }) => may(channel, "react");
  const now = (/** @type {Message} */ message) => wished(message.reactions ?? {}, client.wishes(message.id), me.id);
  const toggle = (/** @type {Message} */ { id }, /** @type {string} */ emoji) => {
    const message = page.find(id);
    if (message && may(page.here, "react")) client.react({ channel: message.channel, message: id, emoji, isOn: !now(message)[emoji]?.includes(me.id) });
  };
  const choose = (/** @type {Message} */ message, /** @type {DOMRect} */ place) => pick(place, (emoji) => toggle(message, emoji));

  parts.push((row, message) => showReactions(row, message, { me: me.id, wishes: client.wishes(message.id), mayReact: may(page.here, "react") }));
  acts.react = { act: (message, timeline) => choose(message, placeOf(timeline.row(message.id))), isOffered, key: "+" };
  for (const button of byId("message-menu").querySelectorAll('[data-act^="react "]')) {
    acts[button.dataset.act] = { act: (message) => (remember(button.textContent), toggle(message, button.textContent)), isOffered };
  }
  byId("message-menu").addEventListener("beforetoggle", showTones);
  const namesOf = async (/** @type {Message} */ message, /** @type {string} */ emoji) => {
    const users = now(message)[emoji] ?? [];
    await directory.learn(message.channel, users);
    return users.map((user) => (user === me.id ? "You" : directory.nameOf(user)));
  };
  const reactors = page.lists.map((place) => reactorsIn(place, { namesOf, toggle, choose }));
  client.addEventListener("reaction", ({ detail: { wish, message, detail } }) => {
    if (message) page.apply(message.channel, [message]);
    page.redraw(wish.message);
    for (const each of reactors) each.refresh();
    if (detail) dialogs.say(`Your reaction was removed. ${detail}`);
  });
});

/** The chips in one list: who they are of, and what a click on them does. */
function reactorsIn(/** @type {{ list: any, timeline: Timeline }} */ { list, timeline }, /** @type {{ namesOf: Callback, toggle: Callback, choose: Callback }} */ { namesOf, toggle, choose }) {
  const reactors = new Reactors({ list, namesOf: (/** @type {any} */ chip) => namesOf(timeline.at(chip), chip.dataset.emoji) });
  list.addEventListener("click", (/** @type {{ target: any }} */ { target }) => {
    const chip = target.closest(".reaction, .reaction-add");
    if (!chip || reactors.tookPress()) return;
    const message = timeline.at(chip);
    if (chip.dataset.emoji) toggle(message, chip.dataset.emoji);
    else choose(message, chip.getBoundingClientRect());
  });
  return reactors;
}

// The tone was chosen in the picker, maybe since the menu was open last, maybe in another tab.
function showTones(/** @type {{ target: any }} */ { target }) {
  for (const button of target.querySelectorAll("[data-tones]")) button.textContent = inTone(button.dataset.tones);
}

const placeOf = (/** @type {any} */ row) => row.querySelector(".text").getBoundingClientRect();

async function pick(/** @type {DOMRect} */ place, /** @type {(emoji: string) => void} */ choose) {
  try {
    (await lazily("picker")).pick(place, { choose });
  } catch ({ detail }) {
    dialogs.say(detail);
  }
}
