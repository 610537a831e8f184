import type { Outcome } from "./outcome.ts";
import type { StrategyName } from "./strategy.ts";
import type { Work } from "./work.ts";

export interface RaceSettings {
  readonly buyers: number;
  readonly stock: number;
  readonly work: Work;
}

/** A place where buyers race; one repetition at a time. */
export interface Ground {
  /**
   * @param factors by buyer, how long its work is as a multiple of the average.
   * @throws {Error} if the ground broke down; nothing can be said of the repetition then.
   */
  run(strategy: StrategyName, factors: Float64Array): Promise<Outcome>;
  close(): Promise<void>;
}
