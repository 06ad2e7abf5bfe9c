/** In which sections the channels stand, and in which order: as the server serves them. Pure; knows no page. */
import { titleOf } from "./channels.js";

const ALWAYS = ["channels", "direct"];
const natural = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** As people count: #2 before #10. */
const byTitle = (/** @type {Channel} */ a, /** @type {Channel} */ b) => natural.compare(titleOf(a), titleOf(b));

/**
 * [{kind, heading, channels}]: unread ones first where `isFirst(channel)`, favourites, the person's own headings, and the rest.
 * @returns {{ kind: string, heading: string, channels: Channel[] }[]}
 */
export function sectionsOf(/** @type {Channel[]} */ channels, /** @type {(channel: Channel) => boolean} */ isFirst) {
  const headings = [...new Set(channels.map(({ section }) => section ?? ""))].filter(Boolean).sort(natural.compare);
  const sections = [section("unread"), section("favourites"), ...headings.map((heading) => section("own", heading)), section("channels"), section("direct")];
  for (const channel of [...channels].sort(byTitle)) {
    const place = isFirst(channel) ? section("unread") : placeOf(channel);
    sections.find(({ kind, heading }) => kind === place.kind && heading === place.heading)?.channels.push(channel);
  }
  return sections.filter((each) => each.channels.length || ALWAYS.includes(each.kind));
}

function placeOf(/** @type {Channel} */ channel) {
  if (channel.favourite) return section("favourites");
  if (channel.section) return section("own", channel.section);
  return section(channel.kind === "direct" ? "direct" : "channels");
}

const section = (/** @type {string} */ kind, heading = "") => ({ kind, heading, channels: /** @type {Channel[]} */ ([]) });
