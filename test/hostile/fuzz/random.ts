/** Random choices that a seed decides: the same seed, the same input. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Spread over all bits, so that neighbouring seeds have nothing in common (the finalizer of MurmurHash3).
    let x = seed | 0;
    x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
    this.#state = (x ^ (x >>> 16)) >>> 0 || 1;
  }

  /** A whole number from 0 to one less than `limit`. xorshift (Marsaglia 2003). */
  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state % limit;
  }

  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  many<T>(low: number, high: number, make: () => T): T[] {
    return Array.from({ length: this.between(low, high) }, make);
  }
}

/** The seed of one input of a run, so that it can be made again without those before it. */
export function seedOf(run: number, input: number): number {
  return Math.imul(run, 0x9e37_79b1) + input;
}
