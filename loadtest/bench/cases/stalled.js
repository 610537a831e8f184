/**
 * One reader in a hundred stops reading: what does it cost the others, and what memory does the server need for those
 * who don't read? The stalled ones are made by a small Perl program, since neither Node nor Bun can give a socket the
 * small buffers of a phone on a bad network; with those of a loopback, the kernel would hold megabytes for each.
 */
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { setTimeout as wait } from "node:timers/promises";
import { bar } from "../bars.js";
import { ours, peer } from "../contestants.js";
import { pinned } from "../pinning.js";
import { ratioOf } from "../spread.js";
import { PLENTY, rounds, withAudience } from "./context.js";

/**
 * @typedef {object} Trial
 * @property {string} contestant
 * @property {number} round
 * @property {number | null} healthyP99Ms from a purchase being sent to its number being heard, nobody stalled
 * @property {number | null} besideP99Ms the same beside stalled readers
 * @property {number} extraBytes memory that came while they stalled, less what came before
 */

const STALLED = fileURLToPath(new URL("../audience/stalled-readers.pl", import.meta.url));

/** What a warmed-up server's memory moves by anyway. */
export const MEMORY_NOISE_BYTES = 1024 * 1024;

export function missing() {
  return spawnSync("perl", ["-MSocket", "-e", "1"]).status === 0 ? null : "perl isn't on this machine";
}

/** @param {import("./context.js").Context} context @returns {Promise<Trial[]>} */
export function run(context) {
  const { watchers, share, perSecond, pacedMs } = context.profile.stalled;
  const contestants = [ours, peer("ws"), peer("bun"), peer("ws", true)];
  return rounds(context, contestants, (contestant) =>
    withAudience(context, contestant, PLENTY, async (server, audience) => {
      await audience.open(watchers);
      const warmUp = await audience.pace(1, perSecond, pacedMs / 2);
      const first = server.residentBytes();
      const healthy = await audience.pace(1, perSecond, pacedMs);
      const second = server.residentBytes();
      const readers = await stall(context, server.port, Math.max(1, Math.round(watchers * share)));
      const beside = await audience.pace(1, perSecond, pacedMs);
      const third = server.residentBytes();
      readers.kill("SIGKILL");
      const sold = warmUp.sent + healthy.sent + beside.sent;
      await audience.expect({ value: PLENTY - sold, notices: 0, soldOut: 0 });
      await audience.heard();
      return {
        healthyP99Ms: healthy.delayMs.p99,
        besideP99Ms: beside.delayMs.p99,
        extraBytes: third - second - (second - first),
      };
    }),
  );
}

/** @param {import("./context.js").Context} _context @param {readonly Trial[]} trials */
export function judge(_context, trials) {
  const delays = trials.flatMap(({ contestant, round, healthyP99Ms, besideP99Ms }) => [
    { contestant: `${contestant}, healthy`, round, p99Ms: healthyP99Ms },
    { contestant, round, p99Ms: besideP99Ms },
  ]);
  return [
    bar({
      case: "stalled",
      what: "1 % stalled readers: p99 of the healthy ones / p99 without the stalled",
      sign: "<=",
      limit: 1.2,
      value: ratioOf(delays, "ours", "ours, healthy", ({ p99Ms }) => p99Ms),
    }),
    bar({
      case: "stalled",
      what: "1 % stalled readers, extra memory: ours / ws",
      sign: "<=",
      limit: 0.05,
      value: ratioOf(trials, "ours", "ws", ({ extraBytes }) => extraBytes),
    }),
  ];
}

/** @param {import("./context.js").Context} context @param {number} port @param {number} count */
async function stall({ pin, workspace }, port, count) {
  const [command = "", ...args] = [...pinned(pin, 1), "perl", STALLED, String(port), String(count)];
  const child = workspace.watch(spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] }));
  await new Promise((resolve, reject) => {
    child.stdout?.once("data", resolve);
    child.once("exit", (code) => reject(new Error(`the stalled readers ended with code ${code}`)));
  });
  await wait(100);
  return child;
}
