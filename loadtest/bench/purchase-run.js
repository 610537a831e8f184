/**
 * The purchase benchmark: our server, journal and command log on, beside a bare `ws` echo server, under the same
 * clients in one interleaved run. README.md says what is measured and how to read it.
 */
import { loadavg } from "node:os";
import { measureSyncs } from "./disk.js";
import { describeMachine } from "./machine.js";
import { compare } from "./comparison.js";
import { describe } from "./report.js";
import { echo, ours } from "./subjects.js";
import { runOnce } from "./trial.js";

/** @typedef {import("./trial.js").Trial} Trial */
/** @typedef {import("./workspace.js").Workspace} Workspace */

/**
 * @param {import("./settings.js").Settings} settings
 * @param {Workspace} workspace
 * @returns {Promise<string>} what to print
 */
export async function runPurchases(settings, workspace) {
  const machine = describeMachine(workspace.root);
  const { trials, syncs } = await runRounds(settings, workspace);
  const result = { machine, loadAfter: loadavg(), settings, ...compare(settings, trials, syncs), trials };
  return settings.json ? `${JSON.stringify(result, null, 2)}\n` : describe(result);
}

/**
 * Every round visits every case, and both subjects of a case directly one after the other, so that whatever else the
 * machine does in these minutes falls on both. Who goes first changes with the round.
 *
 * @param {import("./settings.js").Settings} settings
 * @param {Workspace} workspace
 */
async function runRounds(settings, workspace) {
  /** @type {Trial[]} */
  const trials = [];
  const syncs = [];
  for (let round = 0; round < settings.rounds; round++) {
    syncs.push(measureSyncs(workspace.makeDirectory()));
    for (const load of settings.cases) {
      for (const subject of round % 2 === 0 ? [echo, ours] : [ours, echo]) {
        const trial = await runOnce(subject, load, round, settings, workspace);
        trials.push(trial);
        progress(trial, settings.rounds);
      }
    }
  }
  return { trials, syncs };
}

/** @param {Trial} trial @param {number} rounds */
function progress({ round, load, subject, perSecond }, rounds) {
  process.stderr.write(
    `round ${round + 1}/${rounds}  ${load.name.padEnd(8)} ${subject.padEnd(5)} ${Math.round(perSecond)}/s\n`,
  );
}
