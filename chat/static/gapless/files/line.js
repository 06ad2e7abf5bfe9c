/** A message as one line: its words, or where it has none the names of its files. */
import { plain } from "../markdown/plain.js";

export const lineOf = (/** @type {{ body: string, files?: { name: string }[] }} */ { body, files }) => plain(body) || (files ?? []).map(({ name }) => name).join(", ");
