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
  const reactors = page.lists.map(({ list, timeline }) => new Reactors({
    list,
    namesOf: async (/** @type {any} */ chip) => {
      const message = timeline.at(chip);
      const users = now(message)[chip.dataset.emoji] ?? [];
      await directory.learn(message.channel, users);
      return users.map((user) => (user === me.id ? "You" : directory.nameOf(user)));
    },
  }));
  for (const [place, { list, timeline }] of page.lists.entries()) {
    list.addEventListener("click", (/** @type {{ target: any }} */ { target }) => {
      const chip = target.closest(".reaction, .reaction-add");
      if (!chip || reactors[place].tookPress()) return;
      const message = timeline.at(chip);
      if (chip.dataset.emoji) toggle(message, chip.dataset.emoji);
      else choose(message, chip.getBoundingClientRect());
    });
  }
  client.addEventListener("reaction", ({ detail: { wish, message, detail } }) => {
    if (message) page.apply(message.channel, [message]);
    page.redraw(wish.message);
    for (const each of reactors) each.refresh();
    if (detail) dialogs.say(`Your reaction was taken back. ${detail}`);
  });
});

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
