/** Latencies in buckets that grow with what they hold, so that adding one costs the same however many there are. */

/** Each doubling is cut into this many buckets: a percentile is right to about two per cent. */
const PER_DOUBLING = 32;
const DOUBLINGS = 26;

export class Histogram {
  #buckets = new Uint32Array(PER_DOUBLING * DOUBLINGS);
  #count = 0;

  /** @param {number} ms */
  add(ms) {
    const bucket = Math.floor(Math.log2(Math.max(1, ms * 1000)) * PER_DOUBLING);
    const index = Math.min(bucket, this.#buckets.length - 1);
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
    this.#count += 1;
  }

  clear() {
    this.#buckets.fill(0);
    this.#count = 0;
  }

  percentiles() {
    return { p50Ms: this.#percentile(0.5), p99Ms: this.#percentile(0.99) };
  }

  /** @param {number} share */
  #percentile(share) {
    let left = Math.ceil(this.#count * share);
    const index = this.#buckets.findIndex((count) => (left -= count) <= 0);
    // The middle of the bucket.
    return 2 ** ((index + 0.5) / PER_DOUBLING) / 1000;
  }
}
