/**
 * From what one process was measured to cost (docs/performance.json) to audiences that no single machine holds:
 * `node loadtest/bench/scale.js`. The exit code is 1 when the arithmetic and the simulation disagree.
 */
import { readFileSync } from "node:fs";
import { costsFrom } from "./scale/costs.js";
import { breakLines, compare, costRows, planRows, SIZES, TOLERANCE } from "./scale/report.js";
import { thousands } from "./figures.js";
import { table } from "./table.js";

const kept = JSON.parse(readFileSync(new URL("../../docs/performance.json", import.meta.url), "utf8"));
const costs = costsFrom(kept);
if (costs === null) throw new Error("docs/performance.json lacks a case: npm run bench -- all --docs");

const differences = compare(costs);
const lines = [
  ...table(costRows(costs)),
  "",
  ...table([["watchers", ...SIZES.map((size) => thousands(size))], ...planRows(costs)]),
  "",
  ...table([
    ["", "watchers", "arithmetic", "played", "differ by"],
    ...differences.map(({ what, watchers, computed, played, difference }) => [
      what,
      thousands(watchers),
      computed.toFixed(2),
      played.toFixed(2),
      `${(difference * 100).toFixed(1)} %`,
    ]),
  ]),
  "",
  ...breakLines(costs).map((line) => line.replaceAll("**", "")),
];
process.stdout.write(`${lines.join("\n")}\n`);
if (differences.some(({ difference }) => difference > TOLERANCE)) {
  process.stderr.write("the arithmetic and the simulation disagree\n");
  process.exitCode = 1;
}
