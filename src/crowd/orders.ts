/** What the processes of a crowd say to each other. */
import type { CrowdPlan } from "./plan.ts";
import type { News } from "./tally.ts";
import type { Place } from "./wire.ts";

/** The bounds of the crowd, in the words of `limits.ts`. */
export interface CrowdLimits {
  readonly usersPerProcess: number;
  readonly openings: number;
  readonly replyMs: number;
  readonly newsMs: number;
  readonly settleMs: number;
  readonly complaints: number;
}

export interface Squad {
  readonly plan: CrowdPlan;
  readonly places: Readonly<Record<"ws" | "tcp", Place | null>>;
  /** The first person's place in the crowd, and how many there are in this process. */
  readonly first: number;
  readonly count: number;
  readonly limits: CrowdLimits;
}

export type Order =
  | { readonly type: "begin"; readonly squad: Squad }
  | { readonly type: "open" }
  | { readonly type: "newcomers" }
  | {
      readonly type: "end";
      /** When the last ticket was sold, by the clock of `clock.ts`; null if nobody knows. */
      readonly soldOutAt: number | null;
      readonly noticeWithinMs: number;
    };

/** How far a process is, in this order. */
export const STAGES = ["arriving", "arrived", "visiting", "visited", "checked", "ended"] as const;

export type Stage = (typeof STAGES)[number];

export interface Report {
  readonly stage: Stage;
  readonly news: News;
}
