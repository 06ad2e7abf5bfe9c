/** Opening and closing of dialogs, the question with two answers, and the passing remark. */
import { byId, isTouch, make } from "./dom.js";

const TOAST_MS = 5_000;
/** @type {any} */
let toastTimer = null;

/** Buttons with `data-open` open by name, `data-close` and a click beside a dialog close it. */
export function listen(/** @type {any} */ openers) {
  document.addEventListener("click", (/** @type {any} */ event) => {
    const { target } = event;
    const opener = target.closest("[data-open]");
    // Of a link to a page that does the same without a script.
    if (opener?.href) event.preventDefault();
    if (opener) openers[opener.dataset.open]();
    if (target.closest("[data-close]") || isBackdrop(target)) target.closest("dialog").close();
  });
  // A search field takes the first Escape to empty itself; here it means the dialog.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing || !(event.target instanceof Element && event.target.matches("dialog input[type=search]"))) return;
    event.preventDefault();
    event.target.closest("dialog").close();
  });
  document.addEventListener("keydown", walk);
  // Who goes on by Tab has left the menu, which would cover where they are.
  byId("settings").addEventListener("focusout", (/** @type {FocusEvent} */ { currentTarget, relatedTarget }) => {
    if (relatedTarget instanceof Element && !(/** @type {any} */ (currentTarget).contains(relatedTarget))) byId("settings").hidePopover();
  });
}

// The arrows lead from a search field into what was found, and through it.
function walk(/** @type {KeyboardEvent} */ event) {
  const { key, target, isComposing } = event;
  if (isComposing || !["ArrowDown", "ArrowUp"].includes(key) || !(target instanceof Element && target.matches("dialog input[type=search], dialog .lines button"))) return;
  const stops = [target.closest("dialog")?.querySelector("input[type=search]"), ...(target.closest("dialog")?.querySelectorAll(".lines button") ?? [])].filter((stop) => stop?.checkVisibility());
  const next = stops[stops.indexOf(target) + (key === "ArrowDown" ? 1 : -1)];
  if (!(next instanceof HTMLElement)) return;
  event.preventDefault();
  next.focus();
}

export function open(/** @type {any} */ dialog) {
  byId("settings").hidePopover();
  if (dialog.open) return;
  dialog.showModal();
  dialog.addEventListener("close", backToWriting, { once: true });
  // Not the close button, which comes first; and no keyboard that covers the dialog on touch.
  const input = isTouch() ? null : dialog.querySelector("input:not([type=radio]), textarea");
  dialog.tabIndex = -1;
  (input ?? dialog).focus();
}

// Where what had the focus before is gone, a menu for instance.
function backToWriting() {
  if (document.activeElement === document.body && !isTouch()) byId("composer-body").focus();
}

export const isAnyOpen = () => Boolean(document.querySelector("dialog:modal, [popover]:popover-open:not(.toast)"));

/** Resolves to true when the person agrees. */
export function confirm(/** @type {{ title: string, text: string, action: string, isHarmless?: boolean }} */ { title, text, action, isHarmless = false }) {
  const dialog = byId("confirm");
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  label(dialog.querySelector('[value="yes"]'), action, isHarmless);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/**
 * Asks for a choice and a reason before something that cannot be taken back, and does it: `act({choice, reason})`.
 * Stays open with the sentence when that is refused. `choices`: [[value, label]]; `reason`: {label, isRequired} or null.
 */
export function ask(/** @type {{ title: string, text: string, choices?: any, reason?: any, action: string, isHarmless?: boolean, act: any }} */ { title, text, choices = [], reason = null, action, isHarmless = false, act }) {
  const form = byId("ask").querySelector("form");
  const error = form.querySelector(".form-errors");
  byId("ask-title").textContent = title;
  byId("ask-text").textContent = text;
  byId("ask-choices").hidden = !choices.length;
  byId("ask-choices").replaceChildren(...choices.map((/** @type {[string, string]} */ [value, label], /** @type {number} */ place) => choiceOf(value, label, place === 0)));
  form.reason.value = "";
  form.reason.required = Boolean(reason?.isRequired);
  form.reason.parentElement.hidden = !reason;
  byId("ask-label").textContent = reason?.label ?? "";
  form.querySelector(".optional").hidden = form.reason.required;
  label(form.yes, action, isHarmless);
  error.hidden = true;
  form.onsubmit = async (/** @type {any} */ event) => {
    event.preventDefault();
    form.yes.disabled = true;
    const refused = await act({ choice: form.choice?.value, reason: form.reason.value.trim() }).then(/** @returns {any} */ () => null, (/** @type {Refused} */ problem) => problem);
    form.yes.disabled = false;
    error.textContent = refused?.detail ?? "";
    error.hidden = !refused;
    if (!refused) byId("ask").close();
  };
  open(byId("ask"));
}

function label(/** @type {any} */ button, /** @type {string} */ action, /** @type {boolean} */ isHarmless) {
  button.textContent = action;
  button.className = isHarmless ? "button primary" : "button danger";
}

const choiceOf = (/** @type {string} */ value, /** @type {string} */ label, /** @type {boolean} */ checked) =>
  make("label", {}, make("input", { type: "radio", name: "choice", value, checked }), make("span", { textContent: label }));

/** Puts what was refused beside the fields that it is about, and the rest under the form. */
export function explain(/** @type {any} */ form, /** @type {Record<string, string[]>} */ errors = {}, detail = "") {
  for (const place of form.querySelectorAll("[data-errors]")) {
    const field = place.dataset.errors;
    const sentences = field ? (errors[field] ?? []) : Object.keys(errors).length ? [] : [detail];
    place.textContent = sentences.join(" ");
    place.hidden = !place.textContent;
    form.elements[field]?.setAttribute("aria-invalid", String(!place.hidden));
  }
}

/** One sentence at the edge of the page, for a few seconds. */
export function say(/** @type {string} */ sentence) {
  const toast = byId("toast");
  toast.textContent = sentence;
  toast.showPopover();
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => toast.hidePopover(), TOAST_MS);
}

/** A list that follows a search box: waits for a pause in typing, drops answers that come too late. */
export function searchList(/** @type {{ dialog: any, find: Callback, line: any, empty: Callback }} */ { dialog, find, line, empty }) {
  const input = dialog.querySelector("input");
  const list = dialog.querySelector(".lines");
  const note = dialog.querySelector(".dialog-note");
  let asked = 0;
  /** @type {any} */
  let timer = null;
  const look = async () => {
    const mine = ++asked;
    const found = await find(input.value.trim()).catch((/** @type {Refused} */ problem) => problem);
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
const isBackdrop = (/** @type {any} */ target) => target instanceof HTMLDialogElement && target.matches(":modal") && target.id !== "confirm";
