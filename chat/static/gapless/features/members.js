/** The people of the open channel, and what can be done with them. */
import { byId } from "../page/dom.js";
import { feature } from "../page/feature.js";
import { Members } from "../people/members.js";
import { Membership } from "../people/membership.js";

feature((page) => {
  const { around, blocks, client, directory, me, people, state } = page;
  const membership = new Membership({
    people, blocks, mayBan: Boolean(state.desk?.may_ban),
    writeTo: (/** @type {Person} */ person) => page.writeTo(person), changed: (/** @type {{ id: any }} */ { id }) => members.refresh(id),
  });
  const members = new Members({ presence: around.presence, directory, me, acts: membership });
  client.addEventListener("hello", () => members.refresh(page.here?.id));
  client.addEventListener("changes", ({ detail: { channel, changes } }) => {
    if (changes.some((/** @type {Message} */ { kind }) => kind === "system")) members.refresh(channel);
  });
  page.addEventListener("going", ({ detail: channel }) => members.show(channel));
  page.addEventListener("ended", () => members.show(null));
  page.cancels.push(() => members.leave());
  page.openers.blocked = () => blocks.open();
  byId("start-add").addEventListener("click", () => membership.add(page.here));
});
