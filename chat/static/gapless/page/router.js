/** Which channel the address names. Follows links and the back button without leaving the page and its socket. */
const CHANNEL = /^\/c\/(\d+)\/(?:m\/(\d+))?$/;

export class Router {
  #go;
  #toMessage;
  #path = location.pathname;

  /** `go(id)` shows a channel, or the list when id is null; false when it cannot, and the browser goes there. `toMessage(id, seq)`: in a channel that is shown. */
  constructor(/** @type {Callback} */ go, /** @type {Callback} */ toMessage) {
    this.#go = go;
    this.#toMessage = toMessage;
    addEventListener("popstate", () => this.#goBack());
    document.addEventListener("click", (event) => this.#clicked(event));
  }

  to(/** @type {string} */ path, { replace = false } = {}) {
    if (!this.#go(idIn(path))) return location.assign(path);
    if (path === location.pathname) return;
    if (replace) history.replaceState(null, "", path);
    else history.pushState(null, "", path);
    this.#path = path;
  }

  #goBack() {
    // Back from a thread to its channel is no way to the message that this step once led to.
    const place = location.pathname === this.#path ? null : placeOf(location.href);
    this.#path = location.pathname;
    if (!this.#go(idIn(location.pathname))) location.reload();
    else if (place) this.#toMessage(place.channel, place.seq);
  }

  #clicked(/** @type {any} */ event) {
    const link = event.target.closest("a[data-channel], a[data-home-link]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.to(new URL(link.href).pathname);
  }
}

/** The message that an address of this site names: {channel, seq}, or null. */
export function placeOf(/** @type {string} */ address) {
  const { origin, pathname } = URL.canParse(address) ? new URL(address) : { origin: "", pathname: "" };
  const [, channel, seq] = CHANNEL.exec(pathname) ?? [];
  return origin === location.origin && seq ? { channel: Number(channel), seq: Number(seq) } : null;
}

const idIn = (/** @type {string} */ path) => Number(CHANNEL.exec(path)?.[1]) || null;
