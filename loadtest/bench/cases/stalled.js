/**
 * One reader in a hundred stops reading: what does it cost the others, and what memory does the server need for those
 * who don't read? The stalled ones are made by a small Perl program, since neither Node nor Bun can give a socket the
 * small buffers of a phone on a bad network; with those of a loopback, the kernel would hold megabytes for each.
 *
 * A server becomes faster for as long as its compiler learns, and keeps what that makes. So the others are measured before
 * and after the stalled ones, and what is compared lies in the middle.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { bar } from "../bars.js";
import { ours, peer } from "../contestants.js";
import { pinned } from "../pinning.js";
import { ratioOf } from "../spread.js";
import { spawnWords } from "../trial.js";
import { PLENTY, rounds, withAudience } from "./context.js";

/**
 * @typedef {object} Trial
 * @property {string} contestant
 * @property {number} round
 * @property {number | null} healthyP99Ms from a purchase being due to its number being heard, nobody stalled: the mean of before and after
 * @property {number | null} besideP99Ms the same beside stalled readers
 * @property {number} extraBytes on the heap and beside it, that came while they stalled and as many purchases don't explain
 */

const STALLED = fileURLToPath(new URL("../audience/stalled-readers.pl", import.meta.url));
const PROBE = new URL("../memory-probe.js", import.meta.url).href;

/** How long a server may take to collect its garbage and say what is left. */
const PROBE_MS = 10_000;

/** For the answers that nobody reads to fill the kernel's buffers. */
const FILL_MS = 500;

export function missing() {
  return spawnSync("perl", ["-MSocket", "-e", "1"]).status === 0 ? null : "perl isn't on this machine";
}

/** @param {import("./context.js").Context} context @returns {Promise<Trial[]>} */
export function run(context) {
  const { watchers, share, perSecond, warmUpMs, healthyMs, besideMs } = context.profile.stalled;
  process.env.BENCH_MEMORY = join(context.workspace.makeDirectory(), "memory");
  return rounds(context, [ours, peer("ws"), peer("ws", true)], (contestant) =>
    withAudience(
      context,
      contestant,
      PLENTY,
      async (server, audience) => {
        await server.quiet();
        await audience.open(watchers);
        const buy = (/** @type {number} */ ms) => growth(server.pid, () => audience.pace(1, perSecond, ms));
        const warmUp = await buy(warmUpMs);
        const before = await buy(healthyMs);
        const readers = await stall(context, server.port, Math.max(1, Math.round(watchers * share)));
        const beside = await buy(besideMs);
        readers.kill("SIGKILL");
        await wait(FILL_MS);
        const after = await buy(healthyMs);
        const sold = [warmUp, before, beside, after].reduce((sum, { paced }) => sum + paced.sent, 0);
        await audience.expect({ value: PLENTY - sold, notices: 0, soldOut: 0 });
        await audience.heard();
        const each = (before.bytes + after.bytes) / (before.paced.sent + after.paced.sent);
        return {
          healthyP99Ms: mean(before.paced.delayMs.p99, after.paced.delayMs.p99),
          besideP99Ms: beside.paced.delayMs.p99,
          // Whoever keeps its books keeps more after each purchase, whether somebody stalls or not.
          extraBytes: beside.bytes - each * beside.paced.sent,
        };
      },
      ["--expose-gc", "--import", PROBE],
    ),
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
      // Where ours keeps nothing for them, what is left is noise, and may be less than nothing.
      value: ratioOf(trials, "ours", "ws", ({ extraBytes }) => extraBytes),
    }),
  ];
}

/** @param {import("./context.js").Context} context @param {number} port @param {number} count */
async function stall({ pin, workspace }, port, count) {
  const words = [...pinned(pin, 1), "perl", STALLED, String(port), String(count)];
  const child = workspace.watch(spawnWords(words, ["ignore", "pipe", "inherit"]));
  await new Promise((resolve, reject) => {
    child.stdout?.once("data", resolve);
    child.once("exit", (code) => reject(new Error(`the stalled readers ended with code ${code}`)));
  });
  await wait(FILL_MS);
  return child;
}

/**
 * What a server keeps after some work that it didn't keep before.
 *
 * @template T
 * @param {number} pid of a server with the probe in it
 * @param {() => Promise<T>} work
 * @returns {Promise<{ paced: T, bytes: number }>}
 */
async function growth(pid, work) {
  const before = await liveBytes(pid);
  const paced = await work();
  // As quiet as it was before.
  await wait(FILL_MS);
  return { paced, bytes: (await liveBytes(pid)) - before };
}

/** @param {number | null} one @param {number | null} other */
function mean(one, other) {
  return one === null || other === null ? null : (one + other) / 2;
}

/** @param {number} pid of a server with the probe in it */
async function liveBytes(pid) {
  const path = process.env.BENCH_MEMORY ?? "";
  rmSync(path, { force: true });
  process.kill(pid, "SIGUSR2");
  for (const deadline = Date.now() + PROBE_MS; Date.now() < deadline; await wait(10)) {
    try {
      return Number(readFileSync(path, "utf8"));
    } catch {
      // Not written yet.
    }
  }
  throw new Error("the server didn't say how much memory it uses");
}
