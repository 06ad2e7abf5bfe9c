/** How much a message may have, as the server says in the page; it has the last word. */
export const MESSAGE_BYTES = Number(document.querySelector('meta[name="message-bytes"]')?.content);
