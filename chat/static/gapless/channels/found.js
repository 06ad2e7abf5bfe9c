/** A message as a line of a list, with the way to it: what a search has found, what calls the person. */
import { titleOf } from "./channels.js";
import { avatar, make } from "../page/dom.js";
import { fullTime, shortName } from "../page/format.js";
import { paintName } from "../people/names.js";

/** `place`: its channel, if the page has it; `text`: what is shown of it; `go()` leads there. */
export function foundLine(/** @type {Message} */ { sender, channel, created_at: createdAt }, /** @type {{ place: Channel | undefined, text: (Node | string)[], go: () => void }} */ { place, text, go }) {
  const at = new Date(createdAt);
  const head = make("span", { class: "found-head" }, paintName(make("b"), sender),
    make("span", { data: { titleOf: channel }, textContent: place ? titleOf(place) : "" }), make("time", { dateTime: createdAt, title: fullTime(at), textContent: shortName(at) }));
  const words = make("span", { class: "found-words" }, head, make("span", { class: "found-text", dir: "auto" }, ...text));
  return make("li", {}, make("button", { class: "line found-line", type: "button", on: { click: go } }, avatar(sender), words));
}
