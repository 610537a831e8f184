/** The experiment: every strategy once, and then again, as often as asked, so that all see the same machine. */
import type { EngineLimits } from "../engine/engine.ts";
import type { Outcome } from "./outcome.ts";
import { openPromiseGround } from "./promise-ground.ts";
import { openQueueGround } from "./queue-ground.ts";
import type { Ground, RaceSettings } from "./race.ts";
import { seededRandom } from "./seeded-random.ts";
import type { Strategy } from "./strategy.ts";
import { ThreadGround } from "./thread-ground.ts";

export interface ExperimentSettings extends RaceSettings {
  readonly repetitions: number;
  readonly strategies: readonly Strategy[];
  /** Of the lengths of the buyers' work, the only thing that is drawn. Who wins a race between threads no seed says. */
  readonly seed: number;
}

export interface ExperimentLimits {
  /** Threads at once. */
  readonly threads: number;
  readonly engine: Pick<EngineLimits, "batchCommands">;
}

export interface Measured {
  readonly strategy: Strategy;
  readonly outcomes: readonly Outcome[];
}

export interface Experiment {
  readonly settings: ExperimentSettings;
  readonly measured: readonly Measured[];
  /** Threads that the buyers raced in, and what each took; null where no strategy has any. */
  readonly threads: { readonly count: number; readonly bytesEach: number } | null;
  /** Whether it was stopped before all repetitions were done. */
  readonly interrupted: boolean;
}

export interface Watching {
  /** Told once, when everybody is in place: in how many threads, or null where there are none. */
  readonly started: (threads: number | null) => void;
  /** Asked between two strategies, once the first has been measured once: something is always said. */
  readonly isStopped: () => boolean;
  /** Told after each round of all strategies. */
  readonly progress: (repetitions: number) => void;
}

/** Work lasts from half to one and a half of its average. */
const SHORTEST_WORK = 0.5;

/** @throws {Error} if a thread or the engine failed. */
export async function runExperiment(
  settings: ExperimentSettings,
  limits: ExperimentLimits,
  watching: Watching,
): Promise<Experiment> {
  const { strategies } = settings;
  const isThreaded = strategies.some(({ ground }) => ground === "threads");
  const threads = isThreaded ? await ThreadGround.open(settings, limits.threads) : null;
  const grounds = {
    promises: openPromiseGround(settings),
    engine: openQueueGround(settings, limits.engine),
    ...(threads === null ? {} : { threads }),
  };
  try {
    watching.started(threads?.threads ?? null);
    const outcomes = await repeat(settings, grounds, watching);
    return {
      settings,
      measured: strategies.map((strategy, i) => ({ strategy, outcomes: outcomes[i] ?? [] })),
      threads: threads === null ? null : { count: threads.threads, bytesEach: threads.bytesPerThread },
      interrupted: (outcomes.at(-1)?.length ?? 0) < settings.repetitions,
    };
  } finally {
    await threads?.close();
  }
}

/** @returns by strategy, its outcomes in order. */
async function repeat(
  { strategies, repetitions, buyers, seed }: ExperimentSettings,
  grounds: Partial<Record<Strategy["ground"], Ground>>,
  watching: Watching,
): Promise<Outcome[][]> {
  const random = seededRandom(seed);
  const outcomes = strategies.map((): Outcome[] => []);
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    const factors = Float64Array.from({ length: buyers }, () => SHORTEST_WORK + random());
    for (const [i, { name, ground }] of strategies.entries()) {
      if (repetition + i > 1 && watching.isStopped()) return outcomes;
      const outcome = await grounds[ground]?.run(name, factors);
      if (outcome !== undefined) outcomes[i]?.push(outcome);
      // A signal is heard only when the loop turns, and promises alone don't turn it.
      await new Promise(setImmediate);
    }
    watching.progress(repetition);
  }
  return outcomes;
}
