/** All cases but the plain purchase benchmark, run one after the other, and what they found. */
import { loadavg } from "node:os";
import { bunVersion } from "./bun-program.js";
import * as databases from "./cases/databases.js";
import * as fanout from "./cases/fanout.js";
import * as journal from "./cases/journal.js";
import * as purchases from "./cases/purchases.js";
import * as stalled from "./cases/stalled.js";
import * as storm from "./cases/storm.js";
import * as watchers from "./cases/watchers.js";
import { missing as missingDatabases, versions } from "./databases.js";
import { measureSyncs } from "./disk.js";
import { describeMachine } from "./machine.js";
import { canPin } from "./pinning.js";
import { median } from "./spread.js";
import { oursHas } from "./subjects.js";
import { VoidRun } from "./trial.js";
import { socketioVersion } from "./socketio-version.js";

/**
 * @typedef {import("./bars.js").Bar} Bar
 * @typedef {{ trials: readonly any[], bars: readonly Bar[], skipped: string | null, fault: string | null, seconds: number }} CaseResult
 *   `fault`: why its run is void
 * @typedef {object} Result
 * @property {string} at
 * @property {"full" | "ci"} profile
 * @property {number} rounds
 * @property {boolean} pinned
 * @property {ReturnType<typeof describeMachine> & { bun: string, socketio: string, redis: string | null, postgres: string | null }} machine
 * @property {{ intoSpaceMadeAheadMs: number, appendMs: number }} disk
 * @property {readonly number[]} loadAfter
 * @property {Record<string, CaseResult>} cases
 */

/** Named in settings.js, in the order in which they run. @type {Readonly<Record<string, { run: (context: any) => Promise<any[]>, judge: (context: any, trials: any) => Bar[], missing?: () => string | null }>>} */
export const CASES = {
  fanout,
  storm,
  watchers,
  stalled,
  databases: { ...databases, missing: missingDatabases },
  journal,
  purchases,
};

/**
 * @param {readonly string[]} names
 * @param {{ profile: "full" | "ci", pin: boolean, plan: import("./profiles.js").Profile, say: (line: string) => void }} options
 * @param {import("./workspace.js").Workspace} workspace
 * @returns {Promise<Result>}
 */
export async function runSuite(names, { profile, pin, plan, say }, workspace) {
  const workers = oursHas("--workers");
  if (!workers) say("SKIPPED: everything with --workers, since this build of ours has none");
  const { rounds } = plan;
  const context = { profile: plan, rounds, pin: pin && canPin(), workers, workspace, say };
  const syncs = [];
  const machine = {
    ...describeMachine(workspace.root),
    bun: bunVersion(),
    socketio: socketioVersion,
    ...versions(),
  };
  /** @type {Record<string, CaseResult>} */
  const cases = {};
  for (const name of names) {
    syncs.push(measureSyncs(workspace.makeDirectory()));
    const found = CASES[name];
    if (found !== undefined) cases[name] = await runCase(name, found, context);
  }
  return {
    at: new Date().toISOString(),
    profile,
    rounds,
    pinned: context.pin,
    machine,
    disk: {
      intoSpaceMadeAheadMs: median(syncs.map((sync) => sync.intoSpaceMadeAheadMs)),
      appendMs: median(syncs.map((sync) => sync.appendMs)),
    },
    loadAfter: loadavg(),
    cases,
  };
}

/**
 * @param {string} name @param {NonNullable<typeof CASES[string]>} found @param {import("./cases/context.js").Context} context
 * @returns {Promise<CaseResult>}
 */
async function runCase(name, { run, judge, missing }, context) {
  const started = performance.now();
  const lack = missing?.() ?? null;
  context.say(lack === null ? `--- ${name}` : `SKIPPED: ${name}, since ${lack}`);
  const { trials, fault } = lack === null ? await unlessVoid(run(context)) : { trials: [], fault: null };
  if (fault !== null) context.say(`VOID: ${name}, ${fault}`);
  const bars = judge(context, trials).map((bar) => (lack === null ? bar : { ...bar, note: lack }));
  return {
    trials,
    bars: fault === null ? bars : [],
    skipped: lack,
    fault,
    seconds: (performance.now() - started) / 1000,
  };
}

/** What is void says nothing, and takes nothing from the other cases. @param {Promise<any[]>} run */
async function unlessVoid(run) {
  try {
    return { trials: await run, fault: null };
  } catch (cause) {
    // Whatever else goes wrong in a case is told in full: it may be a mistake of ours.
    if (!(cause instanceof VoidRun)) console.error(cause);
    return { trials: [], fault: cause instanceof Error ? cause.message : String(cause) };
  }
}
