/** Files into the page: chosen, photographed, pasted or dropped. Says what comes, and refuses to know what becomes of it. */
import { byId } from "../page/dom.js";

/** `take(files)`; `isOpen()`: whether there is anything to attach them to. */
export function listen(/** @type {{ take: (files: File[]) => void, isOpen: () => boolean }} */ { take, isOpen }) {
  for (const name of ["attach", "camera"]) {
    const input = byId(`${name}-input`);
    byId(name).addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      take([...input.files]);
      input.value = "";
    });
  }
  byId("composer-body").addEventListener("paste", (/** @type {any} */ event) => {
    const files = [...event.clipboardData.files];
    // What was copied in a text program is text and a picture of it: then the text is meant.
    if (!files.length || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    take(files);
  });
  drops(take, isOpen);
}

function drops(/** @type {(files: File[]) => void} */ take, /** @type {() => boolean} */ isOpen) {
  const overlay = byId("drop-here");
  let depth = 0; // elements are left after the next one is entered
  const show = (/** @type {number} */ by) => {
    depth = by && Math.max(0, depth + by);
    overlay.hidden = !depth;
  };
  const isFiles = (/** @type {any} */ event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => isFiles(event) && isOpen() && show(1));
  addEventListener("dragleave", (event) => isFiles(event) && isOpen() && show(-1));
  addEventListener("dragover", (event) => isFiles(event) && event.preventDefault());
  addEventListener("drop", (/** @type {any} */ event) => {
    if (!isFiles(event)) return;
    event.preventDefault(); // else the browser would leave the page for the file
    show(0);
    if (isOpen()) take([...event.dataTransfer.files]);
  });
}
