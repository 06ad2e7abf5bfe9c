/** Marks in the box to write in: keys, lists that go on, pastes, and a bar of buttons where there are no keys. */
import { byId, isTouch } from "../page/dom.js";
import { feature } from "../page/feature.js";
import { format } from "../writing/formatting.js";

feature(() => {
  const breaks = (/** @type {KeyboardEvent} */ { shiftKey }) => shiftKey || isTouch();
  format(byId("composer-body"), { breaks, bar: byId("composer-marks") });
  format(byId("thread-body"), { breaks });
});
