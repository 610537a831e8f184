/** What many repetitions say together, as plain data: the table, the picture and `--json` are made from it. */
import type { Experiment, Measured } from "./experiment.ts";
import type { Outcome } from "./outcome.ts";
import type { StrategyName } from "./strategy.ts";
import { describeWork } from "./work.ts";

/** Five numbers that keep the extremes: the quartiles by the nearest rank. */
export interface Spread {
  readonly min: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
  readonly max: number;
}

export interface StrategySummary {
  readonly name: StrategyName;
  readonly title: string;
  readonly isProtected: boolean;
  readonly how: string;
  readonly repetitions: number;
  readonly sold: Spread;
  readonly counter: Spread;
  readonly oversold: Spread;
  /** Repetitions that sold more than there was, that showed a number below 0, and that came out right. */
  readonly oversoldRuns: number;
  readonly negativeRuns: number;
  readonly rightRuns: number;
  /** The lowest number seen in any repetition. */
  readonly lowest: number;
  /** "Estoque restante" told to more than one buyer, per repetition. */
  readonly repeated: Spread;
  /** Attempts begun again, per repetition. */
  readonly spoiled: Spread;
  /** Buyers answered per second. */
  readonly perSecond: Spread;
  /** Milliseconds from the start to the last answer. */
  readonly ms: Spread;
}

export interface Summary {
  readonly buyers: number;
  readonly stock: number;
  readonly work: string;
  readonly repetitions: number;
  readonly seed: number;
  readonly threads: Experiment["threads"];
  readonly interrupted: boolean;
  readonly strategies: readonly StrategySummary[];
}

/** Strategies without one whole repetition aren't in it. */
export function summarize({ settings, measured, threads, interrupted }: Experiment): Summary {
  const { buyers, stock, work, repetitions, seed } = settings;
  return {
    buyers,
    stock,
    work: describeWork(work),
    repetitions,
    seed,
    threads,
    interrupted,
    strategies: measured
      .filter(({ outcomes }) => outcomes.length > 0)
      .map((one) => summarizeStrategy(one, buyers)),
  };
}

function summarizeStrategy({ strategy, outcomes }: Measured, buyers: number): StrategySummary {
  const { name, title, isProtected, how } = strategy;
  const spread = (pick: (outcome: Outcome) => number): Spread => spreadOf(outcomes.map(pick));
  const times = (test: (outcome: Outcome) => boolean): number => outcomes.filter(test).length;
  return {
    name,
    title,
    isProtected,
    how,
    repetitions: outcomes.length,
    sold: spread(({ sold }) => sold),
    counter: spread(({ counter }) => counter),
    oversold: spread(({ oversold }) => oversold),
    oversoldRuns: times(({ oversold }) => oversold > 0),
    negativeRuns: times(({ lowest }) => lowest < 0),
    rightRuns: times(({ isRight }) => isRight),
    lowest: Math.min(...outcomes.map(({ lowest }) => lowest)),
    repeated: spread(({ repeated }) => repeated),
    spoiled: spread(({ spoiled }) => spoiled),
    perSecond: spread(({ ms }) => Math.round((buyers / ms) * 1000)),
    ms: spread(({ ms }) => Math.round(ms * 1000) / 1000),
  };
}

/** @param values at least one. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.ceil(share * sorted.length) - 1] ?? sorted[0] ?? Number.NaN;
  return { min: at(0), p25: at(0.25), median: at(0.5), p75: at(0.75), max: at(1) };
}

/** Protected strategies that sold too much or got anything else wrong, which refutes their claim. */
export function brokenClaims({ strategies }: Summary): readonly StrategySummary[] {
  return strategies.filter(
    ({ isProtected, rightRuns, repetitions }) => isProtected && rightRuns < repetitions,
  );
}
