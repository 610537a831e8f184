/** The run as a program reads it. */
import type { Audit, SaleNow } from "./books.ts";
import type { Outcome } from "./conductor.ts";
import type { Percentiles } from "./histogram.ts";
import { sumPlans, usersBy, type CrowdPlan } from "./plan.ts";
import type { Range } from "./random.ts";
import type { Addresses } from "./meeting.ts";
import { judge, vanishedSales, verdictOf, type Check, type Verdict } from "./verdict.ts";

/** What `--json` prints. */
export interface CrowdResult {
  readonly verdict: Verdict;
  /** The report is of what was counted until then. */
  readonly interrupted: boolean;
  readonly seed: number;
  readonly users: Readonly<Record<"all" | "ws" | "tcp" | "unruly", number>>;
  readonly rounds: Range & { readonly planned: number; readonly played: number };
  readonly thinkMs: Range;
  readonly listenMs: Range;
  readonly addresses: Addresses;
  readonly processes: number;
  readonly elapsedMs: number;
  /** For sale before the first purchase. */
  readonly available: number;
  readonly bought: number;
  readonly soldOut: number;
  readonly busy: number;
  readonly otherRefusals: number;
  readonly notices: Readonly<Record<"heard" | "owed" | "heardOnce" | "newcomers", number>>;
  /** In milliseconds. */
  readonly latencies: Readonly<Record<"query" | "buy" | "notice", Percentiles>>;
  readonly chaos: {
    readonly cuts: number;
    readonly rubbish: number;
    readonly slowReads: number;
    /** COMPRARs whose sender vanished before the answer, and how many of them bought; null without an audit. */
    readonly unanswered: number;
    readonly sales: number | null;
  } | null;
  readonly audit: Audit | null;
  readonly checks: readonly Check[];
  /** The first of what was wrong, in words. */
  readonly complaints: readonly string[];
}

export interface Run {
  readonly plan: CrowdPlan;
  readonly addresses: Addresses;
  readonly opening: SaleNow;
  readonly audit: Audit | null;
  readonly outcome: Outcome;
  readonly noticeWithinMs: number;
}

export function describeResult(run: Run): CrowdResult {
  const { plan, addresses, opening, audit, outcome } = run;
  const { counts, query, buy, notice, complaints } = outcome.sums;
  const { rounds, unruly } = sumPlans(plan);
  const checks = judge(run);
  return {
    verdict: verdictOf(checks, outcome),
    interrupted: outcome.interrupted,
    seed: plan.seed,
    users: { all: plan.users, ...usersBy(plan), unruly },
    rounds: { ...plan.rounds, planned: rounds, played: counts.rounds },
    thinkMs: plan.thinkMs,
    listenMs: plan.listenMs,
    addresses,
    processes: outcome.processes,
    elapsedMs: Math.round(outcome.elapsedMs),
    available: opening.available,
    bought: counts.bought,
    soldOut: counts.soldOut,
    busy: counts.busy,
    otherRefusals: counts.otherRefusals,
    notices: {
      heard: counts.noticed,
      owed: counts.owed,
      heardOnce: counts.heardOnce,
      newcomers: counts.newcomers,
    },
    latencies: { query, buy, notice },
    chaos:
      plan.unruly === 0
        ? null
        : {
            cuts: counts.cuts,
            rubbish: counts.rubbish,
            slowReads: counts.slowReads,
            unanswered: counts.vanished,
            sales: vanishedSales(run),
          },
    audit,
    checks,
    complaints,
  };
}
