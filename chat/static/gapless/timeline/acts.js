/** What a person does with a message, where a word is said about how it went. */
import { confirm, say } from "../page/dialogs.js";

export const copy = (/** @type {Message} */ { body }) => write(body);

/** Its address: the page there shows the channel around it. */
export const copyLink = (/** @type {Message} */ { channel, seq }) => write(`${location.origin}/c/${channel}/m/${seq}`);

async function write(/** @type {string} */ text) {
  const isCopied = await navigator.clipboard?.writeText(text).then(() => true, () => false);
  say(isCopied ? "Copied." : "The browser did not allow copying. Select the text and copy it.");
}

/** Asks, and then calls `remove()`, which may reject with a sentence in `detail`. */
export async function askDelete(/** @type {any} */ remove) {
  const isSure = await confirm({ title: "Delete this message?", text: "It disappears for everybody. A line says that it was deleted.", action: "Delete" });
  if (isSure) await remove().catch((/** @type {Refused} */ refusal) => say(`Not deleted. ${refusal.detail}`));
}
