/** What every case works with. */
import { Audience } from "../audience-driver.js";
import { Running } from "../contestants.js";
import { VoidRun } from "../trial.js";

/**
 * @typedef {object} Context
 * @property {import("../profiles.js").Profile} profile
 * @property {number} rounds
 * @property {boolean} pin
 * @property {boolean} workers whether this build of ours has them
 * @property {import("../workspace.js").Workspace} workspace
 * @property {(line: string) => void} say
 */

/** More tickets than any run sells. */
export const PLENTY = 100_000_000;

/**
 * Every round visits all contestants directly one after the other, so that whatever else the machine does falls on all;
 * who goes first changes with the round.
 *
 * @template {import("../contestants.js").Contestant} C @template T
 * @param {Context} context @param {readonly C[]} contestants
 * @param {(contestant: C, round: number) => Promise<T>} run
 * @returns {Promise<(T & { contestant: string, round: number })[]>}
 */
export async function rounds({ rounds, say }, contestants, run) {
  const trials = [];
  for (let round = 0; round < rounds; round++) {
    const first = round % contestants.length;
    for (const contestant of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      const started = performance.now();
      try {
        trials.push({ contestant: contestant.name, round, ...(await run(contestant, round)) });
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new VoidRun(`round ${round + 1}, ${contestant.name}: ${why}`, { cause });
      }
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      say(`round ${round + 1}/${rounds}  ${contestant.name} (${seconds} s)`);
    }
  }
  return trials;
}

/**
 * A fresh server and a fresh audience, gone again whatever happens.
 *
 * @template T
 * @param {Context} context @param {import("../contestants.js").Contestant} contestant @param {number} stock
 * @param {(server: Running, audience: Audience) => Promise<T>} run
 * @param {readonly string[]} [nodeFlags] for the server
 */
export async function withAudience({ pin, workspace }, contestant, stock, run, nodeFlags = []) {
  const server = new Running(contestant, await contestant.start(stock, pin, workspace, nodeFlags));
  const audience = new Audience(server, pin && contestant.processes === 1, workspace);
  try {
    return await run(server, audience);
  } finally {
    audience.leave();
    await server.stop();
  }
}
