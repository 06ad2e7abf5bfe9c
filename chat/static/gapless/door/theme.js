/**
 * The chosen theme, set before the first paint. A classic script on purpose: a module would run too late and flash.
 * Without a choice the system decides.
 */
(() => {
  const KEY = "gapless.theme";
  const root = document.documentElement;
  const read = () => {
    try {
      return localStorage.getItem(KEY) ?? "system";
    } catch {
      return "system";
    }
  };
  const show = (/** @type {string} */ theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  const choose = (/** @type {string} */ theme) => {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Not kept, but shown.
    }
    show(theme);
  };
  show(read());
  addEventListener("storage", (event) => event.key === KEY && show(read()));
  addEventListener("DOMContentLoaded", () => {
    for (const input of document.querySelectorAll('input[name="theme"]')) {
      input.checked = input.value === read();
      input.addEventListener("change", () => choose(input.value));
    }
  });
})();
