/**
 * Makes a history that breaks a promise as short as can be: leaves out buyers and steps, one half, one quarter, and
 * at last one by one, while the same check still fails. Everything that is left keeps its instant and its chances.
 */
import type { Plan } from "./plan.ts";
import { AS_IT_IS, type Composition } from "./composition.ts";
import { World, type Outcome } from "./world.ts";

export interface Shrunk {
  readonly plan: Plan;
  readonly outcome: Outcome;
  /** Histories that it took. */
  readonly tries: number;
}

/** @param mostTries histories that may be tried; the best so far is returned then. */
export async function shrink(
  plan: Plan,
  check: string,
  composition: Composition = AS_IT_IS,
  mostTries = 400,
): Promise<Shrunk> {
  let best = plan;
  let outcome = await new World(plan, composition).run();
  let tries = 1;
  const fails = async (candidate: Plan): Promise<boolean> => {
    if (tries >= mostTries) return false;
    tries += 1;
    const tried = await new World(candidate, composition).run();
    if (tried.violation?.check !== check) return false;
    best = candidate;
    outcome = tried;
    return true;
  };
  // What came after the violation doesn't matter.
  const end = outcome.trace.length > 0 ? Number.parseFloat(outcome.trace.at(-1)!) : plan.durationMs;
  await fails({ ...best, steps: best.steps.filter(({ at }) => at <= end) });
  for (const { name } of plan.buyers) await fails(withoutBuyer(best, name));
  for (let size = Math.ceil(best.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < best.steps.length;) {
      const steps = [...best.steps.slice(0, from), ...best.steps.slice(from + size)];
      if (!(await fails({ ...best, steps }))) from += size;
    }
  }
  for (const { name } of plan.buyers) await fails(withoutBuyer(best, name));
  return { plan: best, outcome, tries };
}

function withoutBuyer(plan: Plan, name: string): Plan {
  return {
    ...plan,
    buyers: plan.buyers.filter((buyer) => buyer.name !== name),
    steps: plan.steps.filter(({ who }) => who !== name),
  };
}
