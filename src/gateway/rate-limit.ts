/**
 * A token bucket: `burst` commands at once, `perSecond` in the long run. It also notices a flood: refusals that go on
 * without a calm second between them. Time is passed in.
 */
export class RateLimit {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;
  #refusals = 0;
  #refusedAt = Number.NEGATIVE_INFINITY;

  /** @param perSecond commands per second; 0 means no limit. @param now monotonic milliseconds. */
  constructor(perSecond: number, burst: number, now: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Refusals since the last calm second. */
  get refusals(): number {
    return this.#refusals;
  }

  /** Takes a token if there is one. @returns milliseconds until there is, 0 if it was taken. */
  take(now: number): number {
    if (this.#perMs === 0) return 0;
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 0;
    }
    this.#refusals = now - this.#refusedAt > CALM_MS ? 1 : this.#refusals + 1;
    this.#refusedAt = now;
    return (1 - this.#tokens) / this.#perMs;
  }
}

const CALM_MS = 1_000;
