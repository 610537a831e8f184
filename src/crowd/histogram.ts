/** Latencies in buckets that grow with what they hold: adding costs the same however many there are, and two add up. */

/** Each doubling is cut into this many buckets, so a percentile is right to about two per cent. */
const PER_DOUBLING = 32;
const BUCKETS = PER_DOUBLING * 32;

/** As it travels between processes: pairs of bucket and count. */
export type SparseCounts = readonly (readonly [number, number])[];

export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Of the largest one's bucket; 0 when there are none, as the others. */
  readonly max: number;
}

export class Histogram {
  readonly #buckets = new Uint32Array(BUCKETS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @param ms from a microsecond to an hour; what is outside counts as the nearest of them. */
  add(ms: number): void {
    const bucket = Math.floor(Math.log2(Math.max(1, ms * 1000)) * PER_DOUBLING);
    this.#put(Math.min(bucket, BUCKETS - 1), 1);
  }

  merge(counts: SparseCounts): void {
    for (const [bucket, count] of counts) this.#put(bucket, count);
  }

  sparse(): SparseCounts {
    return [...this.#buckets.entries()].filter(([, count]) => count > 0);
  }

  percentiles(): Percentiles {
    const [p50, p95, p99, max] = [0.5, 0.95, 0.99, 1].map((share) => this.#percentile(share));
    return { count: this.#count, p50: p50 ?? 0, p95: p95 ?? 0, p99: p99 ?? 0, max: max ?? 0 };
  }

  #put(bucket: number, count: number): void {
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + count;
    this.#count += count;
  }

  #percentile(share: number): number {
    if (this.#count === 0) return 0;
    let left = Math.ceil(this.#count * share);
    const bucket = this.#buckets.findIndex((count) => (left -= count) <= 0);
    // The middle of the bucket.
    return 2 ** ((bucket + 0.5) / PER_DOUBLING) / 1000;
  }
}
