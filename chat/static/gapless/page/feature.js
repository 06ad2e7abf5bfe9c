/** The features of the page, in the order in which `page.js` imports them: each registers itself, nothing else knows it. */

/** @type {((page: Page) => void)[]} */
const features = [];

/** `wire(page)` joins the feature to the parts that all share, once, before the first channel is shown. */
export function feature(/** @type {(page: Page) => void} */ wire) {
  features.push(wire);
}

export function wireAll(/** @type {Page} */ page) {
  for (const wire of features) wire(page);
}
