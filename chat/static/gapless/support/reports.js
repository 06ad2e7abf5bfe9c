/** The plots of the reports: by day, how long customers waited and what they said of it. The tables have the same figures. */

import { drawAgain, drawPlots } from "../staff/plots.js";

/** @typedef {{ count: number, p50: number, p90: number }} Spread */
/** @typedef {{ key: string, first: Spread | null, next: Spread | null, solve: Spread | null, ratings: { average: number } | null }} Row */

const MINUTE = 60;

/** What is drawn: a title, and of each line its name and a row's value. @type {import("../staff/plots.js").Plot[]} */
const PLOTS = [
  { title: "First answer, minutes", lines: spread("first") },
  { title: "Waiting for later answers, minutes", lines: spread("next") },
  { title: "Solved, minutes", lines: spread("solve") },
  {
    title: "Ratings, of 5",
    range: [0, 5],
    lines: [{ label: "average", of: (/** @type {Row} */ row) => row.ratings?.average ?? null }],
  },
];

function spread(/** @type {"first" | "next" | "solve"} */ kind) {
  const minutes = (/** @type {number | undefined} */ seconds) => (seconds === undefined ? null : seconds / MINUTE);
  return [
    { label: "half", of: (/** @type {Row} */ row) => minutes(row[kind]?.p50) },
    { label: "nine of ten", of: (/** @type {Row} */ row) => minutes(row[kind]?.p90) },
  ];
}

const report = document.getElementById("gapless-report");
const box = document.getElementById("plots");
if (report && box) {
  const rows = JSON.parse(report.textContent ?? "{}").rows;
  box.hidden = rows.length === 0;
  const again = () => drawPlots(box, PLOTS, rows, (row) => Date.parse(`${row.key}T00:00:00Z`) / 1000);
  again();
  drawAgain(again);
}
