/** Where the page begins: what all share, the features in the order in which they hear of things, and the first channel. */
import "../features/connection.js";
import "../features/header.js";
import "../features/writing.js";
import "../features/company.js";
import "../features/members.js";
import "../features/sidebar.js";
import "../features/unread.js";
import "../features/notices.js";
import "../features/announcing.js";
import "../features/messages.js";
import "../features/receipts.js";
import "../features/reactions.js";
import "../features/emoji.js";
import "../features/finding.js";
import "../features/joining.js";
import "../features/about.js";
import "../features/desk.js";
import "../features/help.js";
import { heardServerTime } from "../client/clock.js";
import { byId } from "./dom.js";
import { wireAll } from "./feature.js";
import { Page } from "./shared.js";

const state = JSON.parse(byId("gapless-state").textContent);
heardServerTime(state.time);
const page = new Page(state);
wireAll(page);
page.start();
