/** Purchases answered beside messages echoed, on the same clients: what the queue, the journal and the log cost. */
import { bar } from "../bars.js";
import { CASES } from "../settings.js";
import { ratioOf } from "../spread.js";
import { echo, ours } from "../subjects.js";
import { runOnce } from "../trial.js";

/** @typedef {import("../trial.js").Trial & { contestant: string }} Trial */

/** @param {import("./context.js").Context} context @returns {Promise<Trial[]>} */
export async function run({ profile, rounds, workspace, say }) {
  const trials = [];
  const settings = { ...profile.purchases, pin: false, serverFlags: [] };
  for (let round = 0; round < rounds; round++) {
    for (const load of CASES) {
      for (const subject of round % 2 === 0 ? [echo, ours] : [ours, echo]) {
        const trial = await runOnce(subject, load, round, settings, workspace);
        trials.push({ ...trial, contestant: `${subject.name} ${load.name}` });
        say(`round ${round + 1}/${rounds}  ${load.name} ${subject.name} ${Math.round(trial.perSecond)}/s`);
      }
    }
  }
  return trials;
}

/** @param {import("./context.js").Context} _context @param {readonly Trial[]} trials */
export function judge(_context, trials) {
  return CASES.map(({ name, bar: limit }) =>
    bar({
      case: "purchases",
      what: `durable purchases a second, ${name}: ours / echo`,
      sign: ">=",
      limit,
      value: ratioOf(trials, `ours ${name}`, `echo ${name}`, ({ perSecond }) => perSecond),
    }),
  );
}
