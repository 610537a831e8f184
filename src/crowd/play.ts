/** A whole run: finds the box office, leads the crowd through the sale, reads the books, and says what that proves. */
import { BooksError, readAudit, type Audit, type SaleNow } from "./books.ts";
import { runCrowd, type Progress } from "./conductor.ts";
import { meet, type Addresses } from "./meeting.ts";
import type { CrowdLimits } from "./orders.ts";
import type { CrowdPlan } from "./plan.ts";
import { describeResult, type CrowdResult } from "./result.ts";

export interface PlayOptions {
  readonly plan: CrowdPlan;
  readonly addresses: Addresses;
  readonly noticeWithinMs: number;
  readonly limits: CrowdLimits & { readonly knockMs: number };
  /** Ends the run early; the result is that of what was counted until then. */
  readonly signal: AbortSignal;
  /** Called once, when it can begin. */
  readonly started: (sale: SaleNow) => void;
  /** Called a few times a second. */
  readonly watch: (progress: Progress) => void;
}

/** @throws {Refused} if it can't begin. */
export async function playCrowd(options: PlayOptions): Promise<CrowdResult> {
  const { plan, addresses, noticeWithinMs, limits, signal, watch } = options;
  const { sale: opening, places } = await meet(plan, addresses, limits.knockMs);
  options.started(opening);
  const outcome = await runCrowd({
    plan,
    places,
    available: opening.available,
    noticeWithinMs,
    limits,
    signal,
    watch,
  });
  const audit = await auditOf(addresses, limits.knockMs);
  return describeResult({ plan, addresses, opening, audit, outcome, noticeWithinMs });
}

/** Null where the server doesn't answer any more: the verdict says so. */
async function auditOf({ http, sale }: Addresses, timeoutMs: number): Promise<Audit | null> {
  try {
    return await readAudit(http, sale, timeoutMs);
  } catch (cause) {
    if (cause instanceof BooksError) return null;
    throw cause;
  }
}
