/** Emoji in what people write: large where they stand alone. */
import { isLarge } from "../emoji/large.js";
import { feature } from "../page/feature.js";

feature(({ timeline }) => {
  timeline.parts.push((row, { body, deleted_at: deletedAt }) => row.classList.toggle("is-large", !deletedAt && isLarge(body)));
});
