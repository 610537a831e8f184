/** Draws that can be repeated. */

/** @returns a draw in [0, 1). */
export type Random = () => number;

/** From `low` to `high`, both of them possible. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** "mulberry32" by Tommy Ettinger, 32 bits of state. Each `stream` of a seed is a sequence of its own. */
export function seededRandom(seed: number, stream: number): Random {
  // Spread, because neighbouring seeds of this generator begin alike.
  let state = Math.imul(seed ^ Math.imul(stream + 1, 0x9e3779b1), 0x85ebca6b) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

export function between(random: Random, { low, high }: Range): number {
  return low + random() * (high - low);
}

export function wholeBetween(random: Random, { low, high }: Range): number {
  return low + Math.floor(random() * (high - low + 1));
}

export function oneOf<const T>(random: Random, choices: readonly [T, ...T[]]): T {
  return choices[Math.floor(random() * choices.length)] ?? choices[0];
}
