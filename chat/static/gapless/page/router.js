/** Which channel the address names. Follows links and the back button without leaving the page and its socket. */
const CHANNEL = /^\/c\/(\d+)\/$/;

export class Router {
  #go;

  /** `go(id)` shows a channel, or the list when id is null; false when it cannot, and the browser goes there. */
  constructor(/** @type {Callback} */ go) {
    this.#go = go;
    addEventListener("popstate", () => this.#go(idIn(location.pathname)) || location.reload());
    document.addEventListener("click", (event) => this.#clicked(event));
  }

  to(/** @type {string} */ path, { replace = false } = {}) {
    if (!this.#go(idIn(path))) return location.assign(path);
    if (path === location.pathname) return;
    if (replace) history.replaceState(null, "", path);
    else history.pushState(null, "", path);
  }

  #clicked(/** @type {any} */ event) {
    const link = event.target.closest("a[data-channel], a[data-home-link]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.to(new URL(link.href).pathname);
  }
}

const idIn = (/** @type {string} */ path) => Number(CHANNEL.exec(path)?.[1]) || null;
