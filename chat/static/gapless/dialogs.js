/** Opening and closing of dialogs, the question with two answers, and the passing remark. */
import { byId, isTouch } from "gapless/dom";

const TOAST_MS = 5_000;
let toastTimer = null;

/** Buttons with `data-open` open by name, `data-close` and a click beside a dialog close it. */
export function listen(openers) {
  document.addEventListener("click", ({ target }) => {
    const name = target.closest("[data-open]")?.dataset.open;
    if (name) openers[name]();
    if (target.closest("[data-close]") || isBackdrop(target)) target.closest("dialog").close();
  });
}

export function open(dialog) {
  byId("settings").hidePopover();
  if (dialog.open) return;
  dialog.showModal();
  // Not the close button, which comes first; and no keyboard that covers the dialog on touch.
  const input = isTouch() ? null : dialog.querySelector("input:not([type=radio])");
  dialog.tabIndex = -1;
  (input ?? dialog).focus();
}

export const isAnyOpen = () => Boolean(document.querySelector("dialog[open], [popover]:popover-open:not(.toast)"));

/** Resolves to true when the person agrees. */
export function confirm({ title, text, action }) {
  const dialog = byId("confirm");
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  dialog.querySelector('[value="yes"]').textContent = action;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** One sentence at the edge of the page, for a few seconds. */
export function say(sentence) {
  const toast = byId("toast");
  toast.textContent = sentence;
  toast.showPopover();
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => toast.hidePopover(), TOAST_MS);
}

/** A list that follows a search box: waits for a pause in typing, drops answers that come too late. */
export function searchList({ dialog, find, line, empty }) {
  const input = dialog.querySelector("input");
  const list = dialog.querySelector(".lines");
  const note = dialog.querySelector(".dialog-note");
  let asked = 0;
  let timer = null;
  const look = async () => {
    const mine = ++asked;
    const found = await find(input.value.trim()).catch((problem) => problem);
    if (mine !== asked) return;
    const results = Array.isArray(found) ? found : [];
    list.replaceChildren(...results.map(line));
    note.textContent = found.detail ?? (results.length ? "" : empty(input.value.trim()));
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, 150);
  });
  return () => {
    input.value = "";
    list.replaceChildren();
    note.textContent = "";
    look();
  };
}

// The dialog's own padding is on its children, so a click on the element itself is beside it.
const isBackdrop = (target) => target instanceof HTMLDialogElement && target.id !== "confirm";
