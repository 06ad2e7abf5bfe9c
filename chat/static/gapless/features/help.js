/** The list of keys. */
import * as dialogs from "../page/dialogs.js";
import { byId } from "../page/dom.js";
import { feature } from "../page/feature.js";

feature(({ keys, openers }) => {
  openers.keys = keys["?"] = () => dialogs.open(byId("keys"));
});
