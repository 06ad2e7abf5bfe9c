/** Taking back what was just sent: where the person has chosen so, each message waits five seconds before it goes. */
import { byId } from "../page/dom.js";
import { feature } from "../page/feature.js";

const HELD_MS = 5_000;
const KEY = "gapless.undo";

feature((page) => {
  const { client } = page;
  const chosen = byId("undo-sending");
  chosen.checked = stored();
  const show = () => client.hold(chosen.checked ? HELD_MS : 0);
  show();
  chosen.addEventListener("change", () => (store(chosen.checked), show()));
  page.onRow(".undo", (/** @type {Draft} */ draft, /** @type {any} */ timeline) => {
    page.writers.get(timeline).retake(draft.body, timeline.find(draft.reply_to), draft.files);
    client.discard(draft);
  });
});

function stored() {
  try {
    return localStorage.getItem(KEY) === "yes";
  } catch {
    return false;
  }
}

function store(/** @type {boolean} */ isOn) {
  try {
    localStorage.setItem(KEY, isOn ? "yes" : "no");
  } catch {
    // Chosen for as long as the page lives.
  }
}
