/**
 * What happens in which round, from one seed. The seed decides what is sent and when the process is to die; where
 * exactly that finds the process is decided by the machine, which is the point of doing it for real.
 */

/** Numbers from a seed, uniform in [0, 1): mulberry32, by Tommy Ettinger (public domain). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface RoundPlan {
  readonly seed: number;
  /** On the directory that grows, with its small segments; or on a fresher one with the segments of production. */
  readonly isSmall: boolean;
  /** Begin the round on a directory without a past. */
  readonly isFresh: boolean;
  /** Starts that are killed so many milliseconds after they began, before the one that may sell. */
  readonly killedStarts: readonly number[];
  /** How long the crowd buys, in milliseconds. */
  readonly sellingMs: number;
  /** SIGTERM comes so many milliseconds before the kill; null for no warning at all. */
  readonly warningMs: number | null;
}

/** @param round from 1. */
export function planRound(seed: number, round: number): RoundPlan {
  const random = randomFrom(seed * 1_000_003 + round);
  const upTo = (max: number): number => Math.floor(random() * max);
  const killedStarts = random() < 0.15 ? Array.from({ length: 1 + upTo(3) }, () => 50 + upTo(450)) : [];
  return {
    seed: seed + round,
    isSmall: round % 4 !== 0,
    isFresh: round % 12 === 0,
    killedStarts,
    sellingMs: 20 + upTo(330),
    warningMs: random() < 0.1 ? upTo(30) : null,
  };
}
