/** Fills one row of the timeline from a message or a draft. Knows the markup of `_message.html` and nothing else. */
import { elapsed } from "../client/clock.js";
import { equipped } from "../markdown/code.js";
import { heldMs } from "../client/sender.js";
import { draw } from "../markdown/draw.js";
import { lineOf } from "../files/line.js";
import { make, paintAvatar, setIcon } from "../page/dom.js";
import { clockParts, dayName, fullTime, seconds } from "../page/format.js";
import { paintName } from "../people/names.js";

/** @type {Record<string, any>} */
const TICKS = {
  pending: ["clock", "Waiting to be sent"],
  sent: ["sent", "Sent"],
  delivered: ["delivered", "Delivered"],
  read: ["delivered", "Read"],
};

const FOLDED = "Message of somebody you blocked";

const drawn = new WeakMap(); // a row's body → what it shows

/** @type {Record<string, any>} */
const WAITS = {
  rate_limited: "You are writing faster than the server allows.",
  queue_full: "This channel is very busy.",
  unavailable: "The server cannot store messages right now.",
};

/**
 * `quoted` is the message replied to when it is loaded, `status` one of TICKS for an own message, else null. `isFolded(message)`:
 * of somebody whom the reader has blocked, not to be shown unasked.
 */
export function fillRow(/** @type {any} */ row, /** @type {Message} */ message, /** @type {{ quoted?: any, status?: any, isFolded?: Callback }} */ { quoted = null, status = null, isFolded = () => false } = {}) {
  const find = (/** @type {string} */ selector) => row.querySelector(selector);
  const isDeleted = Boolean(message.deleted_at);
  const isSystem = message.kind === "system";
  const isHidden = !isDeleted && isFolded(message);
  row.dataset.seq = message.seq ?? "";
  row.classList.toggle("is-system", isSystem);
  row.classList.toggle("is-deleted", isDeleted);
  row.classList.toggle("is-folded", isHidden);
  row.dataset.event = message.event?.type ?? "";
  paintAvatar(find(".avatar"), message.sender);
  paintName(find(".sender"), message.sender);
  fillTime(find("time"), new Date(message.created_at));
  fillQuote(find(".quote"), isDeleted || isHidden ? null : message.reply_to, quoted, isFolded);
  fillBody(find(".body"), isDeleted ? "Message deleted" : isHidden ? `${FOLDED} · ` : message.body, { isMarkdown: !isDeleted && !isHidden && !isSystem });
  find(".unfold").hidden = !isHidden;
  find(".edited").hidden = !message.edited_at || isDeleted || isHidden;
  find(".edited").title = message.edited_at ? fullTime(new Date(message.edited_at)) : "";
  fillTicks(find(".ticks"), isDeleted ? null : status);
}

// Drawn once: a reader may have wrapped its code, or be selecting text, while a mark beside it changes.
function fillBody(/** @type {any} */ place, /** @type {string} */ text, /** @type {{ isMarkdown: boolean }} */ { isMarkdown }) {
  const wanted = `${isMarkdown} ${text}`;
  if (drawn.get(place) === wanted) return;
  drawn.set(place, wanted);
  place.replaceChildren(...(isMarkdown ? equipped(draw(text)) : [text]));
}

/** A draft looks like the message that it will be, with its state. */
export function fillDraft(/** @type {any} */ row, /** @type {Draft} */ draft, /** @type {{ me: Me, quoted: any }} */ { me, quoted }) {
  /** @type {any} */
  const message = { kind: "text", sender: me, body: draft.body, reply_to: draft.reply_to, created_at: draft.at };
  const isFailed = draft.state === "failed";
  fillRow(row, message, { quoted, status: isFailed ? null : "pending" });
  row.dataset.draft = draft.client_msg_id;
  row.classList.add("is-draft");
  row.classList.toggle("is-failed", isFailed);
  row.querySelector(".failure").hidden = !isFailed && !draft.retryAt;
  for (const button of row.querySelectorAll(".failure button")) button.hidden = !isFailed;
  const held = isFailed ? 0 : heldMs(draft);
  row.querySelector(".held").hidden = held <= 0;
  row.querySelector(".held-left").textContent = held > 0 ? `Sends in ${seconds(held)} s` : "";
  const reason = row.querySelector(".failure-reason");
  reason.textContent = reasonOf(draft, isFailed);
  reason.title = draft.error?.detail ?? "";
}

function reasonOf(/** @type {Draft} */ { error, retryAt }, /** @type {boolean} */ isFailed) {
  if (isFailed) return `Not sent. ${error?.detail ?? ""}`;
  return retryAt ? `${WAITS[error?.code ?? ""] ?? WAITS.unavailable} Your message is kept and sent by itself in ${seconds(retryAt - elapsed())} s.` : "";
}

export function fillTicks(/** @type {any} */ button, /** @type {any} */ status) {
  button.hidden = !status;
  if (!status) return;
  const [name, label] = TICKS[status];
  setIcon(button.firstElementChild, name);
  button.dataset.status = status;
  button.disabled = status === "pending";
  button.title = label;
  button.setAttribute("aria-label", status === "pending" ? label : `${label}. Show to whom`);
}

export function fillDay(/** @type {any} */ row, /** @type {Date | null} */ date) {
  const day = row.querySelector(".day");
  day.hidden = !date;
  if (date) day.firstElementChild.textContent = dayName(date);
}

function fillTime(/** @type {any} */ time, /** @type {Date} */ date) {
  time.dateTime = date.toISOString();
  time.replaceChildren(...clockParts(date).map(clockPart));
  time.title = fullTime(date);
}

// Where there is little room, "AM" can be left out.
const clockPart = (/** @type {{ type: string, value: string }} */ { type, value }) =>
  type === "dayPeriod" ? make("span", { class: "day-period", textContent: value }) : value;

function fillQuote(/** @type {any} */ button, /** @type {number | null} */ replyTo, /** @type {any} */ quoted, /** @type {Callback} */ isFolded) {
  button.hidden = !replyTo;
  if (!replyTo) return;
  button.dataset.message = replyTo;
  paintName(button.querySelector(".quote-sender"), quoted?.sender);
  button.querySelector(".quote-text").textContent = quoted && isFolded(quoted) ? FOLDED : quoteText(quoted);
}

function quoteText(/** @type {any} */ quoted) {
  if (!quoted) return "An earlier message";
  return quoted.deleted_at ? "Message deleted" : lineOf(quoted).slice(0, 200);
}

/** Draws the eye to a row, for a moment. */
export function mark(/** @type {any} */ row) {
  row.classList.remove("is-pointed");
  requestAnimationFrame(() => row.classList.add("is-pointed"));
  row.addEventListener("animationend", () => row.classList.remove("is-pointed"), { once: true });
}
