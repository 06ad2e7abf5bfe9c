/** Whether a message is nothing but a few emoji: then they are shown large. The server asks the same of its own list (chat/emoji.py). */
const FEW = /^\s*(?:\p{RGI_Emoji}\s*){1,3}$/v;

export const isLarge = (/** @type {string} */ body) => FEW.test(body);
