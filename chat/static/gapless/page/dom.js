/** The few words in which the page's modules speak of elements. Sets text only as text, never as markup. */

import { paintInitials } from "../people/names.js";

export const byId = (/** @type {string} */ id) => document.getElementById(id);

/**
 * An element with properties (`class`, `data`, `on` and attributes starting with aria or role are understood).
 * @param {string} tag
 * @param {{class?: string, data?: object, on?: Record<string, Callback>, [property: string]: any}} properties
 * @param {(Node | string | null | undefined)[]} children
 * @returns {any}
 */
export function make(tag, { class: className = "", data = {}, on = {}, ...rest } = {}, ...children) {
  /** @type {any} */
  const element = document.createElement(tag);
  element.className = className;
  Object.assign(element.dataset, data);
  for (const [name, listener] of Object.entries(on)) element.addEventListener(name, listener);
  for (const [name, value] of Object.entries(rest)) {
    if (name in element && !name.startsWith("aria")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** A copy of the one element inside `<template id>`. @returns {any} */
export const clone = (/** @type {string} */ id) => byId(id).content.firstElementChild.cloneNode(true);

export function icon(/** @type {string} */ name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(svg.namespaceURI, "use"));
  return setIcon(svg, name);
}

export function setIcon(/** @type {any} */ svg, /** @type {string} */ name) {
  svg.firstElementChild.setAttribute("href", `#icon-${name}`);
  return svg;
}

/** Fills a circle with a person's initials, in the colour that belongs to the id. */
export function paintAvatar(/** @type {any} */ element, /** @type {Person} */ person) {
  const small = element.classList.contains("small");
  element.className = `avatar hue-${(person?.id ?? 0) % 10}${small ? " small" : ""}`;
  paintInitials(element, person);
  return element;
}

export function avatar(/** @type {Person} */ person, { small = false } = {}) {
  return paintAvatar(make("span", { class: small ? "avatar small" : "avatar", "aria-hidden": "true" }), person);
}

/** True where fingers point: no autofocus there, a keyboard would jump up. */
export const isTouch = () => matchMedia("(hover: none) and (pointer: coarse)").matches;
export const isNarrow = () => matchMedia("(max-width: 699px)").matches;
/** True where a panel fits beside the messages. */
const wide = matchMedia("(min-width: 1080px)");
export const isWide = () => wide.matches;
export const whenWide = (/** @type {Callback} */ changed) => wide.addEventListener("change", changed);
