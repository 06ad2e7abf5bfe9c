/** A message as a line of a list, with the way to it: what a search has found, what calls the person. */
import { titleOf } from "./channels.js";
import { filesLine } from "../files/named.js";
import { plain } from "../markdown/plain.js";
import { avatar, make } from "../page/dom.js";
import { fullTime, marked, shortName } from "../page/format.js";
import { paintName } from "../people/names.js";

const SNIPPET = 220;

/** `place`: its channel, if the page has it; `words`: to be marked in it; `go()` leads there. */
export function foundLine(/** @type {Message} */ message, /** @type {{ place: Channel | undefined, words?: string[], go: () => void }} */ { place, words = [], go }) {
  const { sender, channel, created_at: createdAt, body, deleted_at: deletedAt } = message;
  const at = new Date(createdAt);
  const head = make("span", { class: "found-head" }, paintName(make("b"), sender),
    make("span", { data: { titleOf: channel }, textContent: place ? titleOf(place) : "" }), make("time", { dateTime: createdAt, title: fullTime(at), textContent: shortName(at) }));
  const text = deletedAt ? ["Message deleted"] : marked(plain(body), words, SNIPPET);
  const said = text.length ? make("span", { class: "found-text", dir: "auto" }, ...text) : null;
  return make("li", {}, make("button", { class: "line found-line", type: "button", on: { click: go } },
    avatar(sender), make("span", { class: "found-words" }, head, said, filesLine(message, words))));
}
