/** On a page of one card: a button that copies what stands in a field, for browsers that let a page do so. */
const SAID_MS = 2_000;

for (const button of document.querySelectorAll("[data-copy]")) {
  const label = button.textContent;
  const field = document.getElementById(button.dataset.copy);
  field.addEventListener("focus", () => field.select());
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    button.textContent = await navigator.clipboard.writeText(field.value).then(() => "Copied", () => "Select it, and copy");
    setTimeout(() => (button.textContent = label), SAID_MS);
  });
}
