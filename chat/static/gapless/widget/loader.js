/**
 * On a company's page: a button, and the frame with the chat from the first click on. No cookie, nothing stored, nothing that
 * the page's own Content-Security-Policy has to allow beside our origin (script-src, frame-src).
 */
import { css } from "./loader-style.js";

const script = /** @type {HTMLScriptElement} */ (document.currentScript);
const OURS = new URL(script.src).origin;
const PATIENCE_MS = 10_000;
const narrow = matchMedia("(max-width: 480px)");
const screenSeen = window.visualViewport;
const ICONS = {
  chat: "M21 11.5a8.4 8.4 0 0 1-8.5 8.3 8.7 8.7 0 0 1-3.9-.9L3 20.5l1.7-5.2a8.1 8.1 0 0 1-.7-3.8A8.4 8.4 0 0 1 12.5 3.2 8.4 8.4 0 0 1 21 11.5Z",
  close: "M6 6l12 12M18 6L6 18",
};

/** @type {any} */ let frame = null;
/** @type {any} */ let patience = null;
/** @type {string | null} */ let held = null; // how the page scrolled, while the chat is over it
let isOpen = false;
let isReady = false;

/** @returns {any} */
function make(/** @type {string} */ tag, properties = {}, /** @type {any[]} */ ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function icon(/** @type {string} */ path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(svg.namespaceURI, "path"));
  svg.firstElementChild?.setAttribute("d", path);
  return svg;
}

const host = make("gapless-widget");
const button = make("button", { type: "button", "aria-expanded": "false" }, icon(ICONS.chat));
const badge = make("span", { class: "badge", hidden: "" });
const note = make("p", { role: "status" });
const again = make("button", { type: "button", class: "again", hidden: "" }, "Try again");
const panel = make("div", { class: "panel", role: "dialog", "aria-label": "Chat", hidden: "" }, make("div", { class: "waiting" }, note, again));
button.append(badge);

function draw() {
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];
  root.append(panel, button);
  host.dataset.theme = script.dataset.theme ?? "auto";
  label(0);
  button.addEventListener("click", () => (isOpen ? close() : open()));
  again.addEventListener("click", load);
  document.body.append(host);
}

function label(/** @type {number} */ unread) {
  badge.textContent = unread > 9 ? "9+" : unread;
  badge.toggleAttribute("hidden", !unread);
  button.setAttribute("aria-label", isOpen ? "Close the chat" : unread ? `Open the chat: ${unread} unread` : "Open the chat");
}

export function open() {
  if (isOpen) return;
  if (!frame) load();
  show(true);
  if (isReady) greet();
  frame.focus();
}

export function close() {
  if (!isOpen) return;
  show(false);
  tell({ gapless: "closed" });
  button.focus();
}

function show(/** @type {boolean} */ shown) {
  isOpen = shown;
  panel.toggleAttribute("hidden", !shown);
  host.toggleAttribute("data-open", shown);
  button.setAttribute("aria-expanded", String(shown));
  button.querySelector("path").setAttribute("d", shown ? ICONS.close : ICONS.chat);
  label(0);
  fit();
}

// On a phone the chat takes the screen: the page behind it stays where it is, and a keyboard covers nothing of it.
function fit() {
  const covers = isOpen && narrow.matches;
  const root = document.documentElement;
  if (covers && held == null) held = root.style.overflow;
  if (held != null) root.style.overflow = covers ? "hidden" : held;
  if (!covers) held = null;
  const isBeside = covers && screenSeen?.scale === 1;
  panel.style.height = isBeside ? `${screenSeen.height}px` : "";
  panel.style.top = isBeside ? `${screenSeen.offsetTop}px` : "";
}

function load() {
  frame?.remove();
  isReady = false;
  note.textContent = "One moment …";
  again.toggleAttribute("hidden", true);
  const theme = script.dataset.theme ? `?theme=${encodeURIComponent(script.dataset.theme)}` : "";
  frame = make("iframe", { title: "Chat", src: `${OURS}/widget/${encodeURIComponent(script.dataset.inbox ?? "")}/${theme}` });
  panel.append(frame);
  clearTimeout(patience);
  patience = setTimeout(fail, PATIENCE_MS);
}

// A frame that can't be loaded does not say so: it only stays silent.
function fail() {
  frame.remove();
  note.textContent = "The chat can't be reached at the moment.";
  again.toggleAttribute("hidden", false);
}

async function greet() {
  const said = /** @type {any} */ (window).gaplessIdentity ?? script.dataset.identity ?? null;
  const identity = await Promise.resolve(typeof said === "function" ? said() : said).catch(() => null);
  tell({ gapless: "opened", page: location.href, locale: navigator.language, identity, kept: kept() });
}

// For browsers that give a frame of another site no storage: what it asks for is kept here, under our names alone.
const prefix = `gapless.${script.dataset.inbox}.`;

function kept() {
  try {
    const names = Object.keys(localStorage).filter((name) => name.startsWith(prefix));
    return Object.fromEntries(names.map((name) => [name.slice(prefix.length), localStorage.getItem(name)]));
  } catch {
    return {};
  }
}

function keep(/** @type {{ name: string, value: string | null }} */ { name, value }) {
  try {
    if (value == null) localStorage.removeItem(prefix + name);
    else localStorage.setItem(prefix + name, value);
  } catch {
    // Then the chat lasts as long as the page.
  }
}

function tell(/** @type {object} */ message) {
  if (isReady) frame?.contentWindow?.postMessage(message, OURS);
}

function hear(/** @type {MessageEvent} */ { source, origin, data }) {
  if (!frame || source !== frame.contentWindow || origin !== OURS) return;
  if (data.gapless === "ready") ready();
  if (data.gapless === "close") close();
  if (data.gapless === "keep") keep(data);
  if (data.gapless === "unread" && !isOpen) label(data.count);
}

function ready() {
  clearTimeout(patience);
  isReady = true;
  frame.className = "ready";
  if (isOpen) greet();
}

function signOut() {
  // What the frame holds ends with it; a frame that was never opened is loaded to forget.
  if (!frame) load();
  const wait = setInterval(() => isReady && (clearInterval(wait), tell({ gapless: "signOut" })), 50);
}

if (!("Gapless" in window)) {
  Object.assign(window, { Gapless: { open, close, signOut } });
  window.addEventListener("message", hear);
  narrow.addEventListener("change", fit);
  for (const moved of ["resize", "scroll"]) screenSeen?.addEventListener(moved, fit);
  window.addEventListener("storage", ({ key, newValue: value }) => key?.startsWith(prefix) && tell({ gapless: "kept", name: key.slice(prefix.length), value }));
  if (document.body) draw();
  else document.addEventListener("DOMContentLoaded", draw);
}
