/** What one process costs, out of docs/performance.json. */
import { oursUnrehearsed } from "../contestants.js";
import { median } from "../spread.js";
import { step, stepsOf } from "../figures.js";

/** `LIMITS.hub.busyShare` of the product: what rounds may take at least, beside buyers who keep the loop busy. */
const ROUND_SHARE = 0.18;

/** @param {import("../docs/performance.js").Kept} kept @returns {import("./model.js").Costs | null} null if something wasn't measured */
export function costsFrom({ cases }) {
  const { fanout, storm, purchases } = cases;
  if (!fanout || !storm || !purchases) return null;
  const biggest = stepsOf(fanout.trials).at(-1) ?? 0;
  return {
    deliveryMicros: median(
      trialsOf(fanout.trials, "ours").map((trial) => step(trial, biggest)?.cpuMicros ?? Number.NaN),
    ),
    connectionMicros: 1e6 / median(trialsOf(storm.trials, "ours").map(({ perSecond }) => perSecond)),
    // A rehearsal leaves room on the heap, in which the first connections seem to cost nothing.
    connectionBytes: median(trialsOf(storm.trials, oursUnrehearsed.name).map(({ idleBytes }) => idleBytes)),
    purchasesPerSecond: median(trialsOf(purchases.trials, "ours 1000x1").map(({ perSecond }) => perSecond)),
    roundShare: ROUND_SHARE,
  };
}

/** @param {readonly any[]} trials @param {string} who */
function trialsOf(trials, who) {
  return trials.filter(({ contestant }) => contestant === who);
}
