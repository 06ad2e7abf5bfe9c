/** Who has a message, and who has read it. */
import { feature } from "../page/feature.js";
import { Receipts } from "../timeline/receipts.js";

feature((page) => {
  const receipts = new Receipts();
  page.client.addEventListener("receipts", ({ detail }) => receipts.take(detail));
  page.acts.receipts = { act: (message) => receipts.open(message), isOffered: ({ isOwn }) => isOwn };
  page.onRow(".ticks", (/** @type {Message} */ message) => receipts.open(message));
});
