/** What is offered while one writes, of the kinds that features have. */
import { byId } from "../page/dom.js";
import { feature } from "../page/feature.js";
import { Completion } from "../writing/completion.js";

feature((page) => {
  const completion = new Completion({ box: byId("composer-body"), list: byId("completion"), note: byId("completion-note"), kinds: page.completions });
  page.addEventListener("going", () => completion.close());
});
