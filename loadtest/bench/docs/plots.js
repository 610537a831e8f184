/** The plots of docs/performance.md: how cost grows with what there is more of. */
import { step, stepsOf } from "../figures.js";
import { spreadOf } from "../spread.js";
import { barSvg, plotSvg } from "./svg.js";

/** @typedef {import("./performance.js").Kept} Kept */

/** @param {Kept} kept @returns {Readonly<Record<string, string>>} SVG by file name; none for what wasn't measured */
export function plots({ cases }) {
  const { fanout, journal, purchases, databases, storm } = cases;
  return {
    ...(fanout === undefined ? {} : fanoutPlots(fanout.trials)),
    ...(journal === undefined ? {} : { "start-by-journal.svg": journalPlot(journal.trials) }),
    ...(purchases === undefined || databases === undefined
      ? {}
      : { "purchases.svg": purchasesPlot([...echoes(purchases.trials), ...databases.trials]) }),
    ...(fanout === undefined || storm === undefined ? {} : workersPlot(fanout.trials, storm.trials)),
  };
}

/** @param {readonly any[]} trials */
function fanoutPlots(trials) {
  const contestants = [...new Set(trials.map(({ contestant }) => contestant))];
  /** @param {"cpuMicros" | "lastMs"} figure */
  const series = (figure) =>
    contestants.map((contestant) => ({
      name: contestant,
      points: stepsOf(trials).flatMap((watchers) =>
        pointAt(watchers, spreadOf(trials, contestant, (trial) => step(trial, watchers)?.[figure] ?? null)),
      ),
    }));
  const common = { xTitle: "watchers", logX: true };
  return {
    "cost-by-watchers.svg": plotSvg({
      ...common,
      title: "Processor time of the server for each delivery",
      yTitle: "µs",
      logY: true,
      series: series("cpuMicros"),
    }),
    "last-by-watchers.svg": plotSvg({
      ...common,
      title: "From a purchase until the last watcher has heard of it",
      yTitle: "ms",
      logY: true,
      series: series("lastMs"),
    }),
  };
}

/** @param {readonly any[]} trials */
function journalPlot(trials) {
  const lengths = [...new Set(trials.map(({ step }) => step))];
  return plotSvg({
    title: "How long a start takes, by purchases in the journal",
    xTitle: "purchases",
    yTitle: "ms",
    logX: false,
    logY: false,
    series: [
      {
        name: "ours",
        points: lengths.flatMap((length) =>
          pointAt(length, spreadOf(trials, "ours", (trial) => (trial.step === length ? trial.startMs : null))),
        ),
      },
    ],
  });
}

/** @param {readonly any[]} trials */
function echoes(trials) {
  return trials.filter(({ contestant }) => contestant.startsWith("echo"));
}

/** @param {readonly any[]} trials */
function purchasesPlot(trials) {
  const contestants = ["echo 64x1", "ours 64x1", "redis 64x1", "postgres 64x1", "echo 1000x1", "ours 1000x1", "redis 1000x1", "postgres 1000x1"];
  return barSvg({
    title: "Purchases a second, connections × commands in flight on each",
    xTitle: "answered a second, durable but for the echo; medians and ranges",
    bars: contestants.flatMap((name) => {
      const value = spreadOf(trials, name, ({ perSecond }) => perSecond);
      if (value === null) return [];
      return [{ name, value: value.median, low: value.min, high: value.max, ours: name.startsWith("ours") }];
    }),
  });
}

/** @param {readonly any[]} fanout @param {readonly any[]} storm @returns {Record<string, string>} */
function workersPlot(fanout, storm) {
  const rates = ["ours", "ours, 2 workers"].map((name) => spreadOf(storm, name, ({ perSecond }) => perSecond));
  const times = ["ours", "ours, 2 workers"].map((name) => spreadOf(fanout, name, ({ avisoMs }) => avisoMs));
  const [rate, rates2] = rates;
  const [time, time2] = times;
  if (!rate || !rates2 || !time || !time2) return {};
  return {
    "workers.svg": barSvg({
      title: "Workers",
      xTitle: "relative to one process: connections accepted a second, and speed of the AVISO to the last",
      bars: [
        relative("accepting, 1 process", rate, rate.median, true),
        relative("accepting, 2 workers", rates2, rate.median, true),
        relative("AVISO, 1 process", inverse(time), 1 / time.median, false),
        relative("AVISO, 2 workers", inverse(time2), 1 / time.median, false),
      ],
    }),
  };
}

/** @param {string} name @param {import("../spread.js").Spread} spread @param {number} one @param {boolean} ours */
function relative(name, { median, min, max }, one, ours) {
  return { name, value: median / one, low: min / one, high: max / one, ours };
}

/** @param {import("../spread.js").Spread} spread */
function inverse({ median, min, max }) {
  return { median: 1 / median, min: 1 / max, max: 1 / min };
}

/** @param {number} x @param {import("../spread.js").Spread | null} value */
function pointAt(x, value) {
  return value === null ? [] : [{ x, y: value.median, low: value.min, high: value.max }];
}
