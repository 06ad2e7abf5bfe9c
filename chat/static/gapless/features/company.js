/** Who else is here and what they do, in the open channel. */
import { feature } from "../page/feature.js";

feature((page) => {
  const { around, client } = page;
  client.addEventListener("hello", ({ detail }) => around.welcome(detail));
  client.addEventListener("changes", ({ detail: { channel, changes } }) => page.isHere(channel) && around.take(changes));
  page.addEventListener("going", ({ detail: channel }) => around.show(channel));
});
