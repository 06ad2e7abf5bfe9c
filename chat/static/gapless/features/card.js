/** A face, a name or a mention opens a card of the person. */
import { feature } from "../page/feature.js";
import { Card } from "../people/card.js";
import { latest } from "../people/names.js";

feature((page) => {
  const { around, me } = page;
  const card = new Card({ presence: around.presence, me, channel: () => page.here, writeTo: (/** @type {Person} */ person) => page.writeTo(person) });
  const open = (/** @type {number} */ id, /** @type {any} */ beside) => {
    const person = latest(/** @type {any} */ ({ id }));
    if (person.username) card.open(person, beside.getBoundingClientRect());
  };
  // Customers and who answers them know no more of each other than the conversation says.
  const isOffered = () => Boolean(page.here) && !page.here.is_support;
  for (const { list, timeline } of page.lists)
    list.addEventListener("click", (/** @type {{ target: any }} */ { target }) => {
      const beside = target.closest(".message > .avatar, .sender, .call[data-user]");
      if (beside && isOffered()) open(Number(beside.dataset.user ?? timeline.at(target).sender?.id), beside);
    });
  page.acts.person = {
    act: ({ id, sender }, timeline) => open(sender.id, timeline.row(id).querySelector(".text")),
    isOffered: ({ isOwn, message }) => !isOwn && message.sender != null && isOffered(),
  };
});
