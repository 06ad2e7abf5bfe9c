/** The files of a message or draft in its row: pictures with their size before they are there, players, cards. chat/pages/files.py says the same. */
import { icon, make } from "../page/dom.js";

const MOST_WIDTH = 360;
const MOST_HEIGHT = 320;
const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]);

/** `stateOf(key)`: of a draft's file that is on its way, {sent, size, detail?}; what a row shows already stays, so that nothing loads twice. */
export function showFiles(/** @type {any} */ row, /** @type {any} */ message, /** @type {Callback} */ stateOf) {
  const list = row.querySelector(".files");
  const files = message.deleted_at || row.classList.contains("is-folded") ? [] : (message.files ?? []).map((/** @type {any} */ file) => file.whole ?? file);
  list.hidden = !files.length;
  const known = new Map([...list.children].map((item) => [item.dataset.file, item]));
  const items = files.map((/** @type {any} */ file) => known.get(String(file.id ?? file.key)) ?? make("li", { class: "file", data: { file: file.id ?? file.key } }, ...drawn(file)));
  if (items.length !== list.children.length || items.some((/** @type {any} */ item, /** @type {number} */ place) => item !== list.children[place])) list.replaceChildren(...items);
  for (const [place, file] of files.entries()) if (file.url == null) showWay(items[place], stateOf(file.key));
}

/** The list of files of a message in a log whose rows are drawn anew: what Tab reaches; null where there are none. */
export function filesOf(/** @type {{ files?: any[], deleted_at?: string | null }} */ { files = [], deleted_at: deletedAt }) {
  if (!files.length || deletedAt) return null;
  const list = make("ul", { class: "files", "aria-label": "Files" }, ...files.map((file) => make("li", { class: "file", data: { file: file.id } }, ...drawn(file))));
  for (const item of list.querySelectorAll("[tabindex]")) item.removeAttribute("tabindex");
  for (const picture of list.querySelectorAll(".file-picture")) picture.target = "_blank";
  return list;
}

/** 47 KB. */
export function sizeText(/** @type {number} */ size) {
  if (size < 1024) return `${size} B`;
  if (size < 1024 * 1024) return `${Math.floor(size / 1024 + 0.5)} KB`;
  return `${(Math.floor((size / 1024 / 1024) * 10 + 0.5) / 10).toFixed(1)} MB`;
}

export const isPicture = (/** @type {any} */ { type, width, height }) => PICTURES.has(type) && Boolean(width && height);

function drawn(/** @type {any} */ file) {
  if (isPicture(file) && file.url) return [pictureOf(file)];
  const kind = file.url ? file.type.split("/")[0] : "";
  const player = kind === "video" || kind === "audio" ? [make(kind, { class: `file-${kind}`, src: file.url, controls: true, preload: kind === "video" ? "metadata" : "none", tabIndex: -1, "aria-label": file.name })] : [];
  return [...player, cardOf(file)];
}

function pictureOf(/** @type {any} */ file) {
  const scale = Math.min(1, MOST_WIDTH / file.width, MOST_HEIGHT / file.height);
  const [width, height] = [file.width, file.height].map((side) => Math.max(1, Math.floor(side * scale + 0.5)));
  const image = make("img", { class: "file-image", alt: file.name, width, height, loading: "lazy", decoding: "async", src: file.preview ?? file.url });
  return make("a", { class: "file-picture", href: file.url, tabIndex: -1 }, image);
}

function cardOf(/** @type {any} */ file) {
  const words = make("span", { class: "file-words" }, make("b", { class: "file-name", textContent: file.name }), make("span", { class: "file-size", textContent: sizeText(file.size) }));
  if (file.url) return make("a", { class: "file-card", href: file.url, download: file.name, tabIndex: -1 }, icon("file"), words, icon("download"));
  return make("span", { class: "file-card" }, icon("file"), words, make("progress", { max: 1, "aria-label": `Sending ${file.name}` }));
}

/** How far a file is on its way. */
export function showWay(/** @type {any} */ item, /** @type {any} */ state) {
  const bar = item.querySelector("progress");
  if (!bar || !state) return;
  bar.value = state.size ? state.sent / state.size : 0;
  item.querySelector(".file-size").textContent = state.detail ?? `${sizeText(state.sent)} of ${sizeText(state.size)}`;
}
