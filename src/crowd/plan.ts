/** What the crowd is going to do. Everything that is drawn comes from the seed, so that a run can be planned again. */
import { oneOf, seededRandom, wholeBetween, type Random, type Range } from "./random.ts";

export type Transport = "ws" | "tcp";

/**
 * What an unruly person does: breaks the connection in the middle of something and comes back, sends what isn't a
 * command, or leaves answers unread for a while.
 */
export type Mischief = "cut" | "rubbish" | "slow";

export interface CrowdPlan {
  readonly users: number;
  /** One, or both: people take turns. */
  readonly transports: readonly [Transport, ...Transport[]];
  readonly rounds: Range;
  readonly thinkMs: Range;
  readonly listenMs: Range;
  readonly seed: number;
  /** The share of people that are unruly, 0 to 1. */
  readonly unruly: number;
}

export interface PersonPlan {
  readonly transport: Transport;
  readonly rounds: number;
  readonly mischief: Mischief | null;
  /** For what this person draws on the way. */
  readonly random: Random;
}

/** @param index the person's place in the whole crowd, from 0. */
export function planPerson(plan: CrowdPlan, index: number): PersonPlan {
  const random = seededRandom(plan.seed, index);
  const { transports } = plan;
  return {
    transport: transports[index % transports.length] ?? transports[0],
    rounds: wholeBetween(random, plan.rounds),
    mischief: random() < plan.unruly ? oneOf(random, ["cut", "rubbish", "slow"]) : null,
    random,
  };
}

export interface PlanSums {
  readonly rounds: number;
  /** Tickets that are bought for certain while there are any: the rounds of those who aren't unruly. */
  readonly purchases: number;
  readonly unruly: number;
}

export function sumPlans(plan: CrowdPlan): PlanSums {
  const sums = { rounds: 0, purchases: 0, unruly: 0 };
  for (let index = 0; index < plan.users; index++) {
    const { rounds, mischief } = planPerson(plan, index);
    sums.rounds += rounds;
    if (mischief === null) sums.purchases += rounds;
    else sums.unruly += 1;
  }
  return sums;
}

/** People take turns between the transports. */
export function usersBy({ users, transports }: CrowdPlan): Record<"ws" | "tcp", number> {
  const share = (transport: "ws" | "tcp"): number => {
    const turn = transports.indexOf(transport);
    return turn === -1 ? 0 : Math.ceil((users - turn) / transports.length);
  };
  return { ws: share("ws"), tcp: share("tcp") };
}
