/** An icon from its lines alone, where the page has brought none along. */
const SVG = "http://www.w3.org/2000/svg";

export function sketch(/** @type {string} */ lines) {
  const icon = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 20 20", "aria-hidden": "true", class: "icon" })) icon.setAttribute(name, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", lines);
  icon.append(path);
  return icon;
}
