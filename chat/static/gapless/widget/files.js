/** Files in a visitor's chat: a frame has no session, so their bytes are brought with the visit's token before they can be shown. */
import { filesOf, isPicture, showWay } from "../files/shown.js";
import { make } from "../page/dom.js";

/** Until a picture is there. */
const NOTHING = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
/** What is played is brought whole. */
const PLAYED_BYTES = 5 * 1024 * 1024;

export class Files {
  #bring;
  /** @type {Map<string, Promise<string>>} */ #brought = new Map();

  /** `bring(path)` resolves to the bytes. */
  constructor(/** @type {(path: string) => Promise<Blob>} */ bring) {
    this.#bring = bring;
  }

  /** The list of a message's files, or null. */
  of(/** @type {any} */ message) {
    const files = message.files ?? [];
    const list = filesOf({ ...message, files: files.map(veiled) });
    for (const [place, file] of files.entries()) if (list) this.#show(list.children[place], file);
    return list;
  }

  #show(/** @type {any} */ item, /** @type {any} */ file) {
    const link = item.querySelector("a");
    link.addEventListener("click", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#address(file.url).then((href) => make("a", { href, download: file.name }).click(), () => {});
    });
    const kind = file.type.split("/")[0];
    if (isPicture(file)) this.#address(file.preview ?? file.url).then((src) => (item.querySelector("img").src = src), () => {});
    else if ((kind === "audio" || kind === "video") && file.size <= PLAYED_BYTES)
      this.#address(file.url).then((src) => item.prepend(make(kind, { class: `file-${kind}`, src, controls: true, "aria-label": file.name })), () => {});
  }

  #address(/** @type {string} */ path) {
    const known = this.#brought.get(path) ?? this.#bring(path).then(URL.createObjectURL);
    this.#brought.set(path, known);
    known.catch(() => this.#brought.delete(path));
    return known;
  }
}

/** The files of what is not said yet, each with how far it is, as `stateOf(key)` says; null where there are none. */
export function underWay(/** @type {any[]} */ files, /** @type {(key: string) => any} */ stateOf) {
  const list = filesOf({ files: files.map(({ key, name, size }) => ({ id: key, name, size, type: "" })) });
  for (const [place, { key }] of files.entries()) showWay(list?.children[place], stateOf(key));
  return list;
}

const veiled = (/** @type {any} */ file) => ({ ...file, url: NOTHING, preview: null, type: isPicture(file) ? file.type : "application/octet-stream" });
