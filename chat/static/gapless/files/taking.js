/** Files into the page: chosen, photographed, pasted or dropped. Says what comes, and refuses to know what becomes of it. */
import { byId } from "../page/dom.js";

/** Files for the box of a form. */
export function listen(/** @type {any} */ form, /** @type {(files: File[]) => void} */ take) {
  for (const button of form.querySelectorAll(".attach, .camera")) {
    const input = button.nextElementSibling;
    button.addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      take([...input.files]);
      input.value = "";
    });
  }
  form.querySelector("textarea").addEventListener("paste", (/** @type {any} */ event) => {
    const files = [...event.clipboardData.files];
    // What was copied in a text program is text and a picture of it: then the text is meant.
    if (!files.length || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    take(files);
  });
}

/** Files dropped anywhere: `take(files, where)`; `isOpen()`: whether there is anything to attach them to. */
export function listenToDrops(/** @type {{ take: (files: File[], where: any) => void, isOpen: () => boolean }} */ { take, isOpen }) {
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
    if (isOpen()) take([...event.dataTransfer.files], event.target);
  });
}
