/** The reactions under a message as chips: how many, whether one's own is among them, and who they are. Sends nothing. */
import { wished } from "../client/reacting.js";
import { icon, make } from "../page/dom.js";

/**
 * Draws them into a row. `wishes`: the person's own that are not confirmed yet. Chips that stay are kept, so that none loses
 * the focus or moves under a finger.
 */
export function showReactions(/** @type {any} */ row, /** @type {Message} */ message, /** @type {{ me: number, wishes: any[], mayReact: boolean }} */ { me, wishes, mayReact }) {
  const list = row.querySelector(".reactions");
  const found = message.deleted_at ? [] : Object.entries(wished(message.reactions ?? {}, wishes, me));
  list.hidden = !found.length;
  const known = new Map([...list.querySelectorAll(".reaction")].map((chip) => [chip.dataset.emoji, chip]));
  const wanted = new Set(found.map(([emoji]) => emoji));
  for (const [emoji, chip] of known) if (!wanted.has(emoji)) chip.parentElement.remove();
  for (const [place, [emoji, users]] of found.entries()) {
    const chip = known.get(emoji) ?? chipOf(emoji);
    if (list.children[place] !== chip.parentElement) list.insertBefore(chip.parentElement, list.children[place] ?? null);
    chip.setAttribute("aria-pressed", String(users.includes(me)));
    chip.setAttribute("aria-disabled", String(!mayReact));
    chip.lastElementChild.textContent = users.length.toLocaleString();
  }
  showAdding(list, mayReact && found.length > 0);
}

function chipOf(/** @type {string} */ emoji) {
  const chip = make("button", { class: "reaction", type: "button", tabIndex: -1, data: { emoji } }, make("span", { class: "emoji", textContent: emoji }), " ", make("span", { class: "reaction-count" }));
  make("li", {}, chip);
  return chip;
}

function showAdding(/** @type {any} */ list, /** @type {boolean} */ isWanted) {
  const known = list.querySelector(".reaction-add");
  if (known && !isWanted) known.parentElement.remove();
  if (isWanted && !known) list.append(make("li", {}, make("button", { class: "reaction-add", type: "button", tabIndex: -1, "aria-label": "Add a reaction", title: "Add a reaction" }, icon("smile"))));
}
