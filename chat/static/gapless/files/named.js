/** The files of a message where it is a line of a list: a clip and their names. */
import { icon, make } from "../page/dom.js";
import { marked } from "../page/format.js";

const MOST_LETTERS = 160;

/** `words`: to be marked in the names. Null of a message without files. */
export function filesLine(/** @type {{ files?: { name: string }[], deleted_at?: string | null }} */ { files = [], deleted_at: deletedAt }, /** @type {string[]} */ words = []) {
  if (!files.length || deletedAt) return null;
  const names = make("span", { class: "found-names", dir: "auto" }, ...marked(files.map(({ name }) => name).join(", "), words, MOST_LETTERS));
  return make("span", { class: "found-files" }, icon("clip"), make("span", { class: "visually-hidden", textContent: files.length === 1 ? "File: " : "Files: " }), names);
}
