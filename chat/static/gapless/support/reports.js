/** The plots of the reports: by day, how long customers waited and what they said of it. The tables have the same figures. */

/** @typedef {{ count: number, p50: number, p90: number }} Spread */
/** @typedef {{ key: string, first: Spread | null, next: Spread | null, solve: Spread | null, ratings: { average: number } | null }} Row */

const HEIGHT = 200;
const MINUTE = 60;

/** What is drawn: a title, and of each line its name and a row's value. */
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

/** As it is in the theme of now: a canvas knows neither variables nor light-dark(). */
function color(/** @type {string} */ name) {
  const probe = document.body.appendChild(document.createElement("span"));
  probe.style.color = `var(${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function figureOf(/** @type {string} */ title) {
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = title;
  figure.append(caption);
  return figure;
}

function draw(/** @type {HTMLElement} */ box, /** @type {Row[]} */ rows) {
  const days = rows.map((row) => Date.parse(`${row.key}T00:00:00Z`) / 1000);
  const figures = PLOTS.map(({ title }) => figureOf(title));
  // All of them before the first is measured: each that comes takes of the others' width.
  box.replaceChildren(...figures);
  const line = { stroke: color("--hairline-color") };
  const axis = { stroke: color("--body-quiet-color"), grid: line, ticks: line };
  const strokes = [color("--link-fg"), color("--error-fg")];
  for (const [place, { lines, range }] of PLOTS.entries()) {
    const figure = figures[place];
    const options = {
      width: figure.clientWidth - 24,
      height: HEIGHT,
      tzDate: (/** @type {number} */ at) => /** @type {any} */ (window).uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
      axes: [axis, axis],
      scales: { y: { range: range ? () => range : undefined } },
      series: [{}, ...lines.map(({ label }, at) => ({ label, stroke: strokes[at], width: 2, points: { show: true } }))],
    };
    const data = [days, ...lines.map(({ of }) => rows.map(of))];
    new /** @type {any} */ (window).uPlot(options, data, figure);
  }
}

const report = document.getElementById("gapless-report");
const box = document.getElementById("plots");
if (report && box) {
  const rows = JSON.parse(report.textContent ?? "{}").rows;
  box.hidden = rows.length === 0;
  const again = () => draw(box, rows);
  again();
  addEventListener("resize", again);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}
