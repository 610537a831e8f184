/** Purchases on the same WebSocket front with a database behind it, each of them durable before it is answered. */
import { bar } from "../bars.js";
import { postgres, redis } from "../databases.js";
import { ratioOf } from "../spread.js";
import { ours } from "../subjects.js";
import { runOnce, VoidRun } from "../trial.js";

/** @typedef {import("../trial.js").Trial & { contestant: string }} Trial */

const CASES = [
  { name: "64x1", connections: 64, inFlight: 1, bar: 0, redis: 1.3 },
  { name: "1000x1", connections: 1000, inFlight: 1, bar: 0, redis: 1.5 },
];

/** @param {import("./context.js").Context} context @returns {Promise<Trial[]>} */
export async function run({ profile, rounds, workspace, say }) {
  const trials = [];
  const settings = { ...profile.databases, pin: false, serverFlags: [] };
  const subjects = [ours, redis, postgres];
  for (let round = 0; round < rounds; round++) {
    for (const load of CASES) {
      const first = round % subjects.length;
      for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)]) {
        const trial = await runOnce(subject, load, round, settings, workspace);
        trials.push({ ...trial, contestant: `${subject.name} ${load.name}` });
        say(`round ${round + 1}/${rounds}  ${load.name} ${subject.name} ${Math.round(trial.perSecond)}/s`);
      }
    }
  }
  if (trials.length === 0) throw new VoidRun("nothing was measured");
  return trials;
}

/** @param {import("./context.js").Context} _context @param {readonly Trial[]} trials */
export function judge(_context, trials) {
  return CASES.flatMap(({ name, redis }) =>
    /** @type {const} */ ([
      ["redis", redis],
      ["postgres", 15],
    ]).map(([other, limit]) =>
      bar({
        case: "databases",
        what: `durable purchases a second, ${name}: ours / ${other}`,
        sign: ">=",
        limit,
        value: ratioOf(trials, `ours ${name}`, `${other} ${name}`, ({ perSecond }) => perSecond),
      }),
    ),
  );
}
