/** Parts of the page that come when they are asked for: a bundle each, whose address stands in the body's `data-…`. */

/** Resolves to the module; rejects with a sentence in `detail` when it cannot be had now. */
export async function lazily(/** @type {string} */ name) {
  try {
    return await import(document.body.dataset[name] ?? "");
  } catch {
    throw { detail: "This part of the page could not be loaded. Check the connection and try again." };
  }
}
