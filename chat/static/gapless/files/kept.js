/** Files that wait to be sent, in the browser's own database: they survive a reload and a closed tab. Refuses to know why they wait. */
import { serverNow } from "../client/clock.js";

/** As long as the server keeps what is in no message. */
const DAY_MS = 86_400_000;

/** @type {Promise<IDBDatabase> | null} */
let opened = null;
/** @type {Map<string, Blob>} */
const here = new Map(); // also of a browser that keeps nothing

function database() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open("gapless.files", 2);
    asked.onupgradeneeded = () => {
      for (const name of asked.result.objectStoreNames) asked.result.deleteObjectStore(name);
      asked.result.createObjectStore("files");
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return opened;
}

async function ask(/** @type {IDBTransactionMode} */ mode, /** @type {(store: IDBObjectStore) => IDBRequest} */ question) {
  const store = (await database()).transaction("files", mode).objectStore("files");
  const asked = question(store);
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

export async function keep(/** @type {string} */ key, /** @type {Blob} */ blob) {
  here.set(key, blob);
  await ask("readwrite", (store) => store.put({ blob, at: serverNow() }, key)).catch(() => {});
}

/** The file, or null when nobody has it any more. @returns {Promise<Blob | null>} */
export async function find(/** @type {string} */ key) {
  return here.get(key) ?? (await ask("readonly", (store) => store.get(key)).catch(() => null))?.blob ?? null;
}

export async function drop(/** @type {string} */ key) {
  here.delete(key);
  await ask("readwrite", (store) => store.delete(key)).catch(() => {});
}

/** What closed tabs have left: older than a day, and named by nothing that this browser keeps. */
export async function sweep() {
  const keys = await ask("readonly", (store) => store.getAllKeys()).catch(() => []);
  for (const key of keys) {
    const { at } = (await ask("readonly", (store) => store.get(key)).catch(() => null)) ?? { at: Infinity };
    if (serverNow() - at > DAY_MS && !isNamed(key)) await drop(key);
  }
}

// A draft, or what is attached in this tab.
const isNamed = (/** @type {string} */ key) => [localStorage, sessionStorage].some((storage) => Object.values(storage).some((text) => text.includes(key)));
