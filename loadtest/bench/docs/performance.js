/** The measured parts of docs/performance.md, from what the suite found. */
import { FIGURES, thousands } from "../figures.js";
import { spreadOf } from "../spread.js";
import { plots } from "./plots.js";
import { markdownTable } from "./sections.js";

/**
 * @typedef {import("../suite.js").Result} Result
 * @typedef {Result & { cases: Record<string, import("../suite.js").CaseResult & { at: string, rounds: number }> }} Kept
 */

/** @param {Kept} kept @returns {Readonly<Record<string, string>>} by the name of the section */
export function performanceSections(kept) {
  const sections = Object.keys(FIGURES).map((name) => [name, caseSection(kept, name)]);
  return {
    machine: machineSection(kept),
    bars: barsSection(kept),
    workers: workersSection(kept),
    ...Object.fromEntries(sections),
  };
}

/** @param {Kept} kept */
function machineSection({ machine, disk, pinned, rounds, profile, at, loadAfter }) {
  return [
    `Measured on ${at.slice(0, 10)}, ${rounds} ${rounds === 1 ? "round" : "rounds"}, profile \`${profile}\`: Node ${machine.node.slice(1)}, ws ${machine.ws}, Bun ${machine.bun}, socket.io ${machine.socketio},`,
    `Redis ${machine.redis ?? "absent"}, PostgreSQL ${machine.postgres ?? "absent"}; ${machine.processors} processors (${machine.processor}), ${machine.filesystem}, ${pinned ? "in the cases of fan-out the server on one of them and the clients on the other" : "not pinned"};`,
    `load average ${machine.loadBefore[0]?.toFixed(1)} before and ${loadAfter[0]?.toFixed(1)} after. The disk made 4 KiB durable in ${disk.intoSpaceMadeAheadMs.toFixed(2)} ms into space made ahead, in ${disk.appendMs.toFixed(2)} ms by append and \`fdatasync\` (medians).`,
  ].join("\n");
}

/** @param {Kept} kept */
function barsSection({ cases }) {
  const bars = Object.values(cases).flatMap((found) => found.bars);
  const words = { met: "yes", missed: "**no**", skipped: "not measured" };
  return markdownTable(
    ["", "bar", "measured", "met"],
    bars.map(({ what, sign, limit, value, verdict, note }) => [
      what.replaceAll(/\d{4,}/g, (digits) => thousands(Number(digits))),
      `${sign === "<=" ? "≤" : "≥"} ${limit}`,
      value === null ? "–" : `${value.median.toFixed(2)} (${value.min.toFixed(2)}–${value.max.toFixed(2)})`,
      note === "" ? words[verdict] : `${words[verdict]}: ${note}`,
    ]),
  );
}

/** @param {Kept} kept */
function workersSection(kept) {
  return "workers.svg" in plots(kept)
    ? "![One process and two workers: connections a second, and the AVISO](images/workers.svg)"
    : "Not measured yet.";
}

/** @param {Kept} kept @param {string} name */
function caseSection({ cases, at }, name) {
  const found = cases[name];
  if (found === undefined) return "Not measured yet.";
  if (found.skipped !== null) return `Not measured: ${found.skipped}.`;
  const { trials } = found;
  const columns = FIGURES[name]?.(trials) ?? [];
  const contestants = [...new Set(trials.map(({ contestant }) => contestant))];
  const apart = `\n\nMeasured apart from the others, ${found.rounds} rounds.`;
  const figures = markdownTable(
    ["", ...columns.map(({ title }) => title)],
    contestants.map((contestant) => [
      contestant,
      ...columns.map(({ read, digits }) => cell(spreadOf(trials, contestant, read), digits)),
    ]),
  );
  return found.at === at ? figures : figures + apart;
}

/** @param {import("../spread.js").Spread | null} value @param {number} digits */
function cell(value, digits) {
  if (value === null) return "–";
  const said = (/** @type {number} */ number) => (digits === 0 ? thousands(number) : number.toFixed(digits));
  const range = `${said(value.min)}–${said(value.max)}`;
  return value.min === value.max ? said(value.median) : `${said(value.median)} (${range})`;
}
