/** Plots of the staff's pages: one figure each, in the theme of now, as wide as there is room. */

/** @typedef {{ label: string, of: (row: any) => number | null }} Line */
/** @typedef {{ title: string, lines: Line[], range?: [number, number] }} Plot */

const HEIGHT = 200;

/** As it is in the theme of now: a canvas knows neither variables nor light-dark(). */
function color(/** @type {string} */ name) {
  const probe = document.body.appendChild(document.createElement("span"));
  probe.style.color = `var(${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Days and times are of UTC, as in the tables; a tick is a time of day, or at midnight the day. */
const spell = (/** @type {number} */ seconds) => new Date(seconds * 1000).toISOString();

function tick(/** @type {number} */ seconds) {
  const [day, time] = spell(seconds).split("T");
  return time.startsWith("00:00") ? day.slice(5) : time.slice(0, seconds % 60 ? 8 : 5);
}

function moment(/** @type {number | null} */ seconds) {
  return seconds === null ? "–" : spell(seconds).slice(0, 16).replace("T00:00", "").replace("T", " ");
}

/** One alone has no width of its own. */
const around = (/** @type {number} */ seconds) => [seconds - 1800, seconds + 1800];

function figureOf(/** @type {string} */ title) {
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = title;
  figure.append(caption);
  return figure;
}

/** Rows are drawn at `at(row)`, in seconds since 1970, as of UTC. Takes the place of what the box had. */
export function drawPlots(
  /** @type {HTMLElement} */ box,
  /** @type {Plot[]} */ plots,
  /** @type {any[]} */ rows,
  /** @type {(row: any) => number} */ at,
) {
  const figures = plots.map(({ title }) => figureOf(title));
  // All of them before the first is measured: each that comes takes of the others' width.
  box.replaceChildren(...figures);
  const line = { stroke: color("--hairline-color") };
  const axis = { stroke: color("--body-quiet-color"), grid: line, ticks: line };
  const times = { ...axis, values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map(tick) };
  const strokes = [color("--link-fg"), color("--error-fg"), color("--body-quiet-color")];
  for (const [place, { lines, range }] of plots.entries()) {
    const figure = figures[place];
    const options = {
      width: figure.clientWidth - 24,
      height: HEIGHT,
      tzDate: (/** @type {number} */ time) => /** @type {any} */ (window).uPlot.tzDate(new Date(time * 1000), "Etc/UTC"),
      axes: [times, axis],
      scales: { x: { range: rows.length === 1 ? () => around(at(rows[0])) : undefined }, y: { range: range ? () => range : undefined } },
      series: [
        { label: "at", value: (/** @type {any} */ _, /** @type {number | null} */ seconds) => moment(seconds) },
        ...lines.map(({ label }, number) => ({ label, stroke: strokes[number], width: 2, points: { show: rows.length < 100 } })),
      ],
    };
    const data = [rows.map(at), ...lines.map(({ of }) => rows.map(of))];
    new /** @type {any} */ (window).uPlot(options, data, figure);
  }
}

/** Draws again when what it looks like changes. */
export function drawAgain(/** @type {() => void} */ again) {
  addEventListener("resize", again);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}
