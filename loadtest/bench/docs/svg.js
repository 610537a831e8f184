/**
 * Plots as SVG, readable on light and on dark pages: no background, colours that stand on both, and text that follows
 * the reader's scheme. Series differ by marker and by dash too, and their names stand at their ends.
 */

/**
 * @typedef {{ x: number, y: number, low: number, high: number }} Point
 * @typedef {{ name: string, points: readonly Point[] }} Series
 * @typedef {object} Plot
 * @property {string} title
 * @property {string} xTitle
 * @property {string} yTitle
 * @property {boolean} logX
 * @property {boolean} logY
 * @property {readonly Series[]} series
 */

const WIDTH = 720;
const HEIGHT = 360;
const LEFT = 70;
const RIGHT = 130;
const TOP = 40;
const BOTTOM = 52;

/** Okabe and Ito's colours without their black and yellow: distinct for colour-blind eyes too. */
const COLOURS = ["#d55e00", "#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"];
const DASHES = ["", "6 3", "2 3", "8 3 2 3", "1 4", "10 4"];

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .title { font-size: 14px; font-weight: 600; }
  .grid { stroke: #8c959f; stroke-opacity: .35; }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3; } }`;

/** @param {Plot} plot */
export function plotSvg(plot) {
  const points = plot.series.flatMap(({ points }) => points);
  const x = axis(points.map((point) => point.x), plot.logX, LEFT, WIDTH - RIGHT);
  const y = axis(points.flatMap(({ low, high }) => [low, high]), plot.logY, HEIGHT - BOTTOM, TOP);
  return frame(plot.title, describePlot(plot), [
    ...y.ticks.map((tick) => line("grid", LEFT, y.at(tick), WIDTH - RIGHT, y.at(tick))),
    ...y.ticks.map((tick) => text(short(tick), LEFT - 8, y.at(tick) + 4, "end")),
    ...x.ticks.map((tick) => text(short(tick), x.at(tick), HEIGHT - BOTTOM + 20, "middle")),
    text(plot.xTitle, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "middle"),
    text(plot.yTitle, LEFT - 50, TOP - 10, "start"),
    ...plot.series.flatMap((series, i) => drawSeries(series, i, x.at, y.at)),
    ...labels(plot.series, y.at),
  ]);
}

/**
 * Bars lying down, longest first as given.
 *
 * @param {{ title: string, xTitle: string, bars: readonly { name: string, value: number, low: number, high: number, ours: boolean }[] }} chart
 */
export function barSvg({ title, xTitle, bars }) {
  const most = Math.max(...bars.map(({ high }) => high));
  const left = 150;
  const at = (/** @type {number} */ value) => left + (value / most) * (WIDTH - left - 90);
  const step = (HEIGHT - TOP - BOTTOM) / bars.length;
  const said = bars.map(({ name, value }) => `${name} ${short(value)}`).join(", ");
  return frame(title, `${xTitle}: ${said}.`, [
    text(xTitle, (left + WIDTH) / 2, HEIGHT - 14, "middle"),
    ...bars.flatMap(({ name, value, low, high, ours }, i) => {
      const top = TOP + i * step;
      const middle = top + step / 2;
      return [
        text(name, left - 10, middle + 4, "end"),
        `<rect x="${left}" y="${round(top + step * 0.15)}" width="${round(at(value) - left)}" height="${round(step * 0.7)}" fill="${COLOURS[ours ? 0 : 1]}"/>`,
        `<line x1="${round(at(low))}" y1="${round(middle)}" x2="${round(at(high))}" y2="${round(middle)}" stroke="#8c959f" stroke-width="2"/>`,
        text(short(value), at(high) + 8, middle + 4, "start"),
      ];
    }),
  ]);
}

/** @param {string} title @param {string} description @param {readonly string[]} parts */
function frame(title, description, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title description">
<title id="title">${escape(title)}</title>
<desc id="description">${escape(description)}</desc>
<style>${STYLE}
</style>
<text class="title" x="16" y="18">${escape(title)}</text>
${parts.join("\n")}
</svg>
`;
}

/** @param {Series} series @param {number} i @param {(value: number) => number} x @param {(value: number) => number} y */
function drawSeries({ points }, i, x, y) {
  const colour = COLOURS[i % COLOURS.length];
  const path = points.map((point, j) => `${j === 0 ? "M" : "L"}${round(x(point.x))} ${round(y(point.y))}`).join(" ");
  return [
    `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${DASHES[i % DASHES.length]}"/>`,
    ...points.map(
      (point) =>
        `<line x1="${round(x(point.x))}" y1="${round(y(point.low))}" x2="${round(x(point.x))}" y2="${round(y(point.high))}" stroke="${colour}" stroke-opacity=".5"/>`,
    ),
    ...points.map((point) => marker(i, x(point.x), y(point.y), colour ?? "")),
  ];
}

/** @param {number} i @param {number} x @param {number} y @param {string} colour */
function marker(i, x, y, colour) {
  const [a, b] = [round(x), round(y)];
  if (i % 3 === 0) return `<circle cx="${a}" cy="${b}" r="4" fill="${colour}"/>`;
  if (i % 3 === 1) return `<rect x="${a - 3.5}" y="${b - 3.5}" width="7" height="7" fill="${colour}"/>`;
  return `<path d="M${a} ${b - 5}l5 8.5h-10z" fill="${colour}"/>`;
}

/** Each name stands where its line ends, moved down where two would touch. @param {readonly Series[]} series @param {(value: number) => number} y */
function labels(series, y) {
  const ends = series
    .map(({ name, points }, i) => ({ name, i, at: y(points.at(-1)?.y ?? 0) }))
    .toSorted((a, b) => a.at - b.at);
  let lowest = 0;
  return ends.map(({ name, i, at }) => {
    lowest = Math.max(at, lowest + 15);
    return `<text x="${WIDTH - RIGHT + 10}" y="${round(lowest + 4)}" style="fill:${COLOURS[i % COLOURS.length]}">${escape(name)}</text>`;
  });
}

/** @param {readonly number[]} values @param {boolean} log @param {number} from @param {number} to */
function axis(values, log, from, to) {
  const most = Math.max(...values);
  const least = log ? Math.min(...values) : 0;
  if (log) {
    const at = (/** @type {number} */ value) =>
      from + ((Math.log(value) - Math.log(least)) / (Math.log(most) - Math.log(least))) * (to - from);
    return { at, ticks: logTicks(least, most) };
  }
  const step = niceStep(most / 5);
  const top = Math.ceil(most / step) * step;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step);
  return { at: (/** @type {number} */ value) => from + (value / top) * (to - from), ticks };
}

/** @param {number} least @param {number} most */
function logTicks(least, most) {
  const ticks = [];
  for (let decade = 10 ** Math.floor(Math.log10(least)); decade <= most; decade *= 10) {
    for (const factor of [1, 2, 5]) {
      const tick = decade * factor;
      if (tick >= least * 0.999 && tick <= most * 1.001) ticks.push(tick);
    }
  }
  return ticks;
}

/** @param {number} rough */
function niceStep(rough) {
  const decade = 10 ** Math.floor(Math.log10(rough));
  return decade * ([1, 2, 5, 10].find((factor) => factor * decade >= rough) ?? 10);
}

/** @param {Plot} plot */
function describePlot({ series, xTitle, yTitle }) {
  return series
    .map(({ name, points }) => `${name}: ${points.map(({ x, y }) => `${short(y)} at ${short(x)}`).join(", ")}`)
    .join(". ")
    .concat(`. ${yTitle} by ${xTitle}.`);
}

/** @param {number} value */
function short(value) {
  if (value >= 1_000_000) return `${trim(value / 1_000_000)}M`;
  if (value >= 10_000) return `${trim(value / 1000)}k`;
  return trim(value);
}

/** @param {number} value */
function trim(value) {
  return String(Number(value.toPrecision(3)));
}

/** @param {string} said @param {number} x @param {number} y @param {"start" | "middle" | "end"} anchor */
function text(said, x, y, anchor) {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escape(said)}</text>`;
}

/** @param {string} kind @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 */
function line(kind, x1, y1, x2, y2) {
  return `<line class="${kind}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}

/** @param {string} said */
function escape(said) {
  return said.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
