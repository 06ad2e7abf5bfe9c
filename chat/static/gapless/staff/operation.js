/** The page of the operation: asks for the figures again and again while it is looked at, and draws them. */

import { drawAgain, drawPlots } from "./plots.js";

/** @typedef {Record<string, number | null> & { at: number, away: string[], errors: Record<string, number> }} Point */

const AGAIN_MS = { hour: 10_000, day: 60_000 };
/** Without a word of any process for so long, something is wrong with all of them, or with PostgreSQL. */
const SILENT_SECONDS = 90;

const line = (/** @type {string} */ label, /** @type {string} */ name) => ({
  label,
  of: (/** @type {Point} */ point) => /** @type {number | null} */ (point[name]),
});

/** @type {import("./plots.js").Plot[]} */
const PLOTS = [
  { title: "Connected", lines: [line("connections", "sockets"), line("people", "people")] },
  { title: "Messages a minute", lines: [line("messages", "messages")] },
  { title: "Deliveries a minute", lines: [line("deliveries", "deliveries")] },
  {
    title: "Message, ms",
    lines: [
      line("accepted, half", "commit_p50"),
      line("accepted, 19 of 20", "commit_p95"),
      line("delivered, 19 of 20", "deliver_p95"),
    ],
  },
  { title: "Requests a minute", lines: [line("requests", "requests"), line("failed", "requests_failed")] },
  { title: "Request, ms", lines: [line("19 of 20", "request_p95"), line("lag of the loop, 19 of 20", "lag_p95")] },
  { title: "Refused and repaired a minute", lines: [line("refused", "refused"), line("read from the rows", "repaired")] },
  { title: "Waiting to be accepted", lines: [line("messages", "lane_waiting"), line("in the longest lane", "lane_longest")] },
  { title: "Customers waiting at the desk", lines: [line("customers", "desk_waiting")] },
];

const root = /** @type {HTMLElement} */ (document.getElementById("operation"));
const tiles = /** @type {HTMLElement} */ (document.getElementById("now"));
const plots = /** @type {HTMLElement} */ (document.getElementById("plots"));
const said = /** @type {HTMLElement} */ (document.getElementById("operation-said"));
const file = /** @type {HTMLAnchorElement} */ (document.getElementById("file"));

/** @type {"hour" | "day"} */ let span = "hour";
/** @type {Point[]} */ let points = [];
let timer = 0;

function tile(/** @type {string} */ value, /** @type {string} */ what, isWrong = false) {
  const item = document.createElement("li");
  const box = item.appendChild(document.createElement("span"));
  box.className = isWrong ? "tile waiting" : "tile";
  const strong = box.appendChild(document.createElement("strong"));
  strong.textContent = value;
  box.append(` ${what}`);
  return item;
}

/** Of the running minute what is of the moment, of the last whole one what is counted. */
function showNow(/** @type {number} */ now) {
  const last = points.at(-1);
  const whole = points.at(-2) ?? last;
  const isSilent = !last || now - last.at > SILENT_SECONDS + (span === "day" ? 600 : 0);
  if (!last || !whole || isSilent) {
    tiles.replaceChildren(tile("?", "no web process has reported for a while", true));
    return;
  }
  const worst = Object.entries(last.errors).sort((one, other) => other[1] - one[1])[0];
  const whole_ms = whole.commit_p95 === null ? "–" : `${Math.round(whole.commit_p95)} ms`;
  tiles.replaceChildren(
    tile(`${last.sockets}`, `connections in ${last.processes} processes`),
    tile(`${Math.round(whole.messages ?? 0)}`, "messages a minute"),
    tile(whole_ms, "until 19 of 20 are accepted"),
    tile(`${last.lane_waiting}`, "waited to be accepted", (last.lane_waiting ?? 0) > 100),
    ...last.away.map((name) => tile(name, "was away", true)),
    ...(worst ? [tile(`${worst[1]}`, `times ${worst[0]}`)] : []),
    ...(last.desk_waiting ? [tile(`${last.desk_waiting}`, "customers waiting at the desk", true)] : []),
  );
}

function draw() {
  plots.hidden = points.length === 0;
  if (points.length) drawPlots(plots, PLOTS, points, (point) => point.at);
}

async function ask() {
  clearTimeout(timer);
  if (document.visibilityState === "visible") {
    try {
      const answer = await fetch(`${root.dataset.figures}?span=${span}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`${answer.status}`);
      const figures = await answer.json();
      points = figures.points;
      showNow(figures.now);
      draw();
      said.textContent = "";
    } catch {
      said.textContent = "The server does not answer: these figures are old.";
    }
  }
  timer = window.setTimeout(ask, AGAIN_MS[span]);
}

for (const button of root.querySelectorAll("[data-span]")) {
  button.addEventListener("click", () => {
    span = /** @type {HTMLElement} */ (button).dataset.span === "day" ? "day" : "hour";
    for (const other of root.querySelectorAll("[data-span]"))
      other.setAttribute("aria-pressed", `${/** @type {HTMLElement} */ (other).dataset.span === span}`);
    file.search = `?span=${span}`;
    void ask();
  });
}
document.addEventListener("visibilitychange", () => void ask());
drawAgain(draw);
void ask();
