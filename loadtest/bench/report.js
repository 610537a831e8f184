/** The purchase benchmark as a person reads it. */
import { table } from "./table.js";

/**
 * @typedef {import("./comparison.js").Row} Row
 * @typedef {import("./comparison.js").Spread} Spread
 *
 * @typedef {ReturnType<typeof import("./comparison.js").compare>
 *   & { machine: ReturnType<typeof import("./machine.js").describeMachine>
 *     , settings: import("./settings.js").Settings, loadAfter: readonly number[] }} Result
 */

/** @param {Result} result */
export function describe({ machine, settings, disk, rows, loadAfter }) {
  const { profile, rounds, warmUpMs, measureMs, pin } = settings;
  return [
    "",
    `Purchases answered beside messages echoed, ${rounds} ${rounds === 1 ? "round" : "rounds"} of ${measureMs} ms after ${warmUpMs} ms of warm-up`,
    `node ${machine.node}, ws ${machine.ws}, ${machine.system}, ${machine.processors} x ${machine.processor}`,
    pin ? "server on processor 0, client on processor 1" : "not pinned",
    `load average ${numbers(machine.loadBefore)} before, ${numbers(loadAfter)} after`,
    `journal on ${machine.filesystem}; the disk makes 4 KiB durable in ${disk.intoSpaceMadeAheadMs.toFixed(2)} ms into space made ahead, ${disk.appendMs.toFixed(2)} ms by append and fdatasync (medians)`,
    "",
    ...table([
      ["case", "echo /s", "", "ours /s", "", "ours / echo", "", "bar", "", "by loop us"],
      ...rows.map((row) => [
        row.load.name,
        ...spread(row.figures.echo.perSecond, 0),
        ...spread(row.figures.ours.perSecond, 0),
        ...spread(row.ratio, 2),
        `>= ${row.load.bar}`,
        row.passes ? "PASS" : "FAIL",
        middle(row.loopRatio, 2),
      ]),
    ]),
    "",
    ...table([
      ["", "p50 ms", "p99 ms", "loop us", "server us", "client us", "pushes /s", "batch", "sync ms"],
      ...rows.flatMap((row) => [details(row, "echo"), details(row, "ours")]),
    ]),
    "",
    "Medians over the rounds, lowest and highest behind them; the ratio is taken round by round. us: processor time per reply; loop: on the thread of the event loop.",
    ...(profile === "ci"
      ? ["The short profile shows that everything runs; it is too short to judge by."]
      : []),
    ...droppedLines(rows),
    "",
  ].join("\n");
}

/** @param {Row} row @param {"echo" | "ours"} subject */
function details({ load, figures }, subject) {
  const { p50Ms, p99Ms, serverMicros, loopMicros, clientMicros, pushesPerSecond, batchCommands, syncMs } =
    figures[subject];
  return [
    `${load.name} ${subject}`,
    middle(p50Ms, 2),
    middle(p99Ms, 2),
    middle(loopMicros, 1),
    middle(serverMicros, 1),
    middle(clientMicros, 1),
    middle(pushesPerSecond, 0),
    middle(batchCommands, 1),
    middle(syncMs, 2),
  ];
}

/** @param {readonly Row[]} rows */
function droppedLines(rows) {
  const dropped = rows.reduce((sum, row) => sum + row.figures.ours.logLinesDropped, 0);
  return dropped === 0 ? [] : [`Our server dropped ${dropped} lines of its command log.`];
}

/** @param {Spread | null} value @param {number} digits */
function middle(value, digits) {
  return value === null ? "-" : value.median.toFixed(digits);
}

/** @param {Spread | null} value @param {number} digits */
function spread(value, digits) {
  if (value === null) return ["-", ""];
  return [value.median.toFixed(digits), `(${value.min.toFixed(digits)}-${value.max.toFixed(digits)})`];
}

/** @param {readonly number[]} values */
function numbers(values) {
  return values.map((value) => value.toFixed(2)).join(" ");
}
