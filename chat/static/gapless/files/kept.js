/** Files that wait to be sent, in the browser's own database: they survive a reload and a closed tab. Refuses to know why they wait. */

/** @type {Promise<IDBDatabase> | null} */
let opened = null;
/** @type {Map<string, Blob>} */
const here = new Map(); // also of a browser that keeps nothing

function database() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open("gapless.files", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("files");
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
  await ask("readwrite", (store) => store.put(blob, key)).catch(() => {});
}

/** The file, or null when nobody has it any more. @returns {Promise<Blob | null>} */
export async function find(/** @type {string} */ key) {
  return here.get(key) ?? (await ask("readonly", (store) => store.get(key)).catch(() => null)) ?? null;
}

export async function drop(/** @type {string} */ key) {
  here.delete(key);
  await ask("readwrite", (store) => store.delete(key)).catch(() => {});
}
