/** From single trials to one row per case: medians over the rounds, and the ratio of each round's pair. */
import { median, spread } from "./spread.js";

/**
 * @typedef {import("./trial.js").Trial} Trial
 * @typedef {import("./spread.js").Spread} Spread
 *
 * @typedef {object} Row
 * @property {import("./settings.js").Load} load
 * @property {Record<"echo" | "ours", Figures>} figures
 * @property {Spread} ratio replies per second, ours through echo, taken round by round
 * @property {Spread | null} loopRatio the same of replies per second of the event loop's own processor time
 * @property {boolean} passes
 *
 * @typedef {Record<"perSecond" | "p50Ms" | "p99Ms" | "serverMicros" | "loopMicros" | "clientMicros" | "pushesPerSecond" | "batchCommands" | "syncMs", Spread | null> & { logLinesDropped: number, pushes: number }} Figures
 */

/**
 * @param {import("./settings.js").Settings} settings
 * @param {readonly Trial[]} trials
 * @param {readonly import("./disk.js").Syncs[]} syncs
 */
export function compare({ cases }, trials, syncs) {
  return {
    disk: {
      intoSpaceMadeAheadMs: median(syncs.map((sync) => sync.intoSpaceMadeAheadMs)),
      appendMs: median(syncs.map((sync) => sync.appendMs)),
    },
    rows: cases.map((load) =>
      rowOf(
        load,
        trials.filter((trial) => trial.load === load),
      ),
    ),
  };
}

/** @param {import("./settings.js").Load} load @param {readonly Trial[]} trials @returns {Row} */
function rowOf(load, trials) {
  const echo = trials.filter((trial) => trial.subject === "echo");
  const ours = trials.filter((trial) => trial.subject === "ours");
  const pairs = ours.flatMap((trial) => {
    const beside = echo.find((other) => other.round === trial.round);
    return beside === undefined ? [] : [{ ours: trial, echo: beside }];
  });
  const ratio = spread(pairs.map((pair) => pair.ours.perSecond / pair.echo.perSecond));
  const loopRatios = pairs.flatMap((pair) => {
    const { loopMicros: spent } = pair.ours;
    return spent === null || pair.echo.loopMicros === null ? [] : [pair.echo.loopMicros / spent];
  });
  return {
    load,
    figures: { echo: figuresOf(echo), ours: figuresOf(ours) },
    ratio,
    loopRatio: loopRatios.length === 0 ? null : spread(loopRatios),
    passes: ratio.median >= load.bar,
  };
}

/** @param {readonly Trial[]} trials @returns {Figures} */
function figuresOf(trials) {
  /** @param {(trial: Trial) => number | null} read */
  const spreadOf = (read) => {
    const values = trials.map(read).filter((value) => value !== null);
    return values.length === 0 ? null : spread(values);
  };
  return {
    perSecond: spreadOf((trial) => trial.perSecond),
    p50Ms: spreadOf((trial) => trial.p50Ms),
    p99Ms: spreadOf((trial) => trial.p99Ms),
    serverMicros: spreadOf((trial) => trial.serverMicros),
    loopMicros: spreadOf((trial) => trial.loopMicros),
    clientMicros: spreadOf((trial) => trial.clientMicros),
    pushesPerSecond: spreadOf((trial) => (trial.pushes / trial.windowMs) * 1000),
    batchCommands: spreadOf((trial) => trial.batchCommands),
    syncMs: spreadOf((trial) => trial.syncMs),
    logLinesDropped: trials.reduce((sum, trial) => sum + (trial.logLinesDropped ?? 0), 0),
    pushes: trials.reduce((sum, trial) => sum + trial.pushes, 0),
  };
}
