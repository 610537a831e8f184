/** What the suite found, as a person reads it on a terminal. */
import { FIGURES } from "./figures.js";
import { spreadOf } from "./spread.js";
import { table } from "./table.js";

/** @typedef {import("./suite.js").Result} Result */

const VERDICTS = { met: "PASS", missed: "FAIL", skipped: "SKIPPED" };

/** @param {Result} result */
export function describeSuite(result) {
  const cases = Object.entries(result.cases).flatMap(([name, { trials, seconds, skipped, fault }]) => [
    "",
    fault !== null
      ? `${name}: VOID, ${fault}`
      : skipped === null
        ? `${name} (${Math.round(seconds)} s)`
        : `${name}: SKIPPED, ${skipped}`,
    ...(skipped === null && fault === null ? figuresOf(name, trials) : []),
  ]);
  return [...machineLines(result), ...cases, "", ...barLines(result), ""].join("\n");
}

/** @param {Result} result */
export function machineLines({ machine, pinned, disk, loadAfter, rounds, profile }) {
  return [
    `${rounds} ${rounds === 1 ? "round" : "rounds"}, profile ${profile}${profile === "ci" ? ": everything runs; too short and too small to judge by" : ""}`,
    `node ${machine.node}, ws ${machine.ws}, Bun ${machine.bun}, socket.io ${machine.socketio}, Redis ${machine.redis ?? "absent"}, PostgreSQL ${machine.postgres ?? "absent"}`,
    `${machine.system}, ${machine.processors} x ${machine.processor}, ${pinned ? "server on processor 0 and clients on 1 in the cases of fan-out" : "not pinned"}`,
    `load average ${words(machine.loadBefore)} before, ${words(loadAfter)} after`,
    `journal on ${machine.filesystem}; 4 KiB durable in ${disk.intoSpaceMadeAheadMs.toFixed(2)} ms into space made ahead, ${disk.appendMs.toFixed(2)} ms by append and fdatasync (medians)`,
  ];
}

/** @param {string} name @param {readonly any[]} trials */
function figuresOf(name, trials) {
  const columns = FIGURES[name]?.(trials) ?? [];
  const contestants = [...new Set(trials.map(({ contestant }) => contestant))];
  return table([
    ["", ...columns.map(({ title }) => title)],
    ...contestants.map((contestant) => [
      contestant,
      ...columns.map(({ read, digits }) => {
        const value = spreadOf(trials, contestant, read);
        return value === null
          ? "-"
          : `${value.median.toFixed(digits)} (${value.min.toFixed(digits)}-${value.max.toFixed(digits)})`;
      }),
    ]),
  ]);
}

/** @param {Result} result */
function barLines({ cases, profile }) {
  const bars = Object.values(cases).flatMap(({ bars }) => bars);
  return table([
    ["bar", "", "measured", "", ""],
    ...bars.map(({ what, sign, limit, value, verdict, note }) => [
      what,
      `${sign} ${limit}`,
      value === null ? "-" : `${value.median.toFixed(2)} (${value.min.toFixed(2)}-${value.max.toFixed(2)})`,
      profile === "ci" && verdict !== "skipped" ? "not judged" : VERDICTS[verdict],
      note,
    ]),
  ]);
}

/** @param {readonly number[]} values */
function words(values) {
  return values.map((value) => value.toFixed(2)).join(" ");
}
