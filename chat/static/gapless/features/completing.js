/** What is offered while one writes, of the kinds that features have. */
import { byId } from "../page/dom.js";
import { feature } from "../page/feature.js";
import { Completion } from "../writing/completion.js";

feature((page) => {
  const { completions: kinds } = page;
  const both = [
    new Completion({ box: byId("composer-body"), list: byId("completion"), note: byId("completion-note"), kinds }),
    new Completion({ box: byId("thread-body"), list: byId("thread-completion"), note: byId("thread-completion-note"), kinds }),
  ];
  page.addEventListener("going", () => {
    for (const completion of both) completion.close();
  });
});
