/**
 * The purchase benchmark: our server, journal and command log on, beside a bare `ws` echo server, under the same
 * clients in one interleaved run. README.md says what is measured and how to read it.
 *
 * The exit code is 1 when a run is void (a reply that shouldn't be, books that don't balance) and 0 otherwise: a bar
 * that is missed is said in words, because how fast a machine is isn't a question of right and wrong.
 */
import { loadavg } from "node:os";
import { measureSyncs } from "./disk.js";
import { describeMachine } from "./machine.js";
import { compare } from "./comparison.js";
import { describe } from "./report.js";
import { readSettings } from "./settings.js";
import { echo, ours } from "./subjects.js";
import { runOnce, VoidRun } from "./trial.js";
import { Workspace } from "./workspace.js";

/** @typedef {import("./trial.js").Trial} Trial */

await main();

async function main() {
  const settings = readSettings(process.env, process.argv.slice(2));
  const workspace = new Workspace(settings.directory);
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
    process.once(signal, () => {
      workspace.clear();
      process.exit(130);
    });
  }
  try {
    const machine = describeMachine(workspace.root);
    const { trials, syncs } = await runRounds(settings, workspace);
    const result = { machine, loadAfter: loadavg(), settings, ...compare(settings, trials, syncs), trials };
    process.stdout.write(settings.json ? `${JSON.stringify(result, null, 2)}\n` : describe(result));
  } catch (cause) {
    if (!(cause instanceof VoidRun)) throw cause;
    process.stderr.write(`VOID: ${cause.message}\n`);
    process.exitCode = 1;
  } finally {
    workspace.clear();
  }
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
