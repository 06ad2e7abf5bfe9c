/** Marks in the box to write in: keys, lists that go on, pastes, and a bar of buttons where there are no keys. */
import { byId, isTouch } from "../page/dom.js";
import { feature } from "../page/feature.js";
import { bar } from "../writing/bar.js";
import { format } from "../writing/formatting.js";

feature(() => {
  const buttons = isTouch() ? bar() : null;
  if (buttons) byId("composer").querySelector(".composer-box").after(buttons);
  format(byId("composer-body"), { breaks: ({ shiftKey }) => shiftKey || isTouch(), bar: buttons });
});
