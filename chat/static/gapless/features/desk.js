/** Reporting messages, and the desk of those who keep channels. */
import { may } from "../channels/channels.js";
import { Desk, report } from "../desk/desk.js";
import { say } from "../page/dialogs.js";
import { feature } from "../page/feature.js";

feature((page) => {
  const { acts, channels, client, openers, state } = page;
  const desk = new Desk({
    desk: state.desk, mayGoTo: (/** @type {any} */ id) => Boolean(channels.get(id)), toMessage: (/** @type {any} */ id, /** @type {number} */ seq) => page.toMessage(id, seq),
  });
  client.addEventListener("channel", ({ detail: { channel } }) => may(channels.get(channel.id), "close_reports") && desk.offer());
  openers.desk = () => desk.open();
  acts.report = { act: (message) => report(message, say), isOffered: ({ channel, isOwn }) => !isOwn && !channel?.closed };
});
