/**
 * Lists that are drawn again and again: what shows the same stays the same element, so that nobody loses the text that they are
 * selecting, the sound that plays, or the button that they are about to click.
 */

/** A list whose rows are known by keys. */
export class Steady {
  #list;
  /** @type {Map<string, { row: any, look: string }>} */ #rows = new Map();

  constructor(/** @type {any} */ list) {
    this.#list = list;
  }

  /** The row of `key`, drawn anew when its `look`, which says all that it shows, is another than before. */
  row(/** @type {string} */ key, /** @type {string} */ look, /** @type {() => any} */ draw) {
    const known = this.#rows.get(key);
    if (known?.look === look) return known.row;
    const row = draw();
    known?.row.replaceWith(row);
    this.#rows.set(key, { row, look });
    return row;
  }

  /** Exactly these rows from now on, in this order. */
  place(/** @type {any[]} */ wanted) {
    const kept = new Set(wanted);
    for (const [key, { row }] of this.#rows) if (!kept.has(row)) (row.remove(), this.#rows.delete(key));
    let next = this.#list.firstElementChild;
    for (const row of wanted) {
      if (row === next) next = next.nextElementSibling;
      else this.#list.insertBefore(row, next);
    }
  }
}

/** The items of a list without keys from now on, each in its place. */
export function settle(/** @type {any} */ list, /** @type {any[]} */ ...items) {
  for (const [at, item] of items.entries()) {
    const there = list.children[at];
    if (!there) list.append(item);
    else if (!there.isEqualNode(item)) there.replaceWith(item);
  }
  while (list.children.length > items.length) list.lastElementChild?.remove();
}

/** Whether text in it is selected: then it is not moved under who is selecting. */
export function isSelectedIn(/** @type {any} */ box) {
  const selection = getSelection();
  return Boolean(selection && !selection.isCollapsed && selection.getRangeAt(0).intersectsNode(box));
}
