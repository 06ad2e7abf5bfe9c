/**
 * Shows the served page, and brings it to the row that its address names, its first unread row, or to its end, before the first paint: to where Scroll puts it again.
 * A classic script on purpose: a module would run too late, and what is being read would jump.
 */
(() => {
  document.querySelector(".frame")?.classList.remove("is-coming");
  const box = document.getElementById("timeline");
  const row = box?.querySelector("[data-pointed]") ?? box?.querySelector(".unread-line:not([hidden])")?.closest(".row");
  if (!box) return;
  box.classList.add("is-placed");
  if (row) box.scrollTop += row.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 3;
  else box.scrollTop = box.scrollHeight;
})();
