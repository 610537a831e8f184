/**
 * Our hub's conflation, for the others: the first change goes round at once, further ones at an interval that grows
 * with what a round costs, the last one always. So a comparison shows what the servers differ in, not the idea.
 */

/** The same figures as `LIMITS.hub` of the product; but the share is always what ours is beside buyers who keep its loop busy. */
const INTERVAL_MS = 50;
const LONGEST_INTERVAL_MS = 2_000;
const LOOP_SHARE = 0.18;
const SLICE_MS = 1;
const LOOK_EVERY = 16;

export class Rhythm {
  #round;
  #running = false;
  #again = false;
  /** @type {NodeJS.Timeout | null} */
  #timer = null;
  #startedAt = -Infinity;
  #intervalMs = INTERVAL_MS;

  /** @param {(done: (costMs: number) => void) => void} round tells everyone the newest value, then calls `done` */
  constructor(round) {
    this.#round = round;
  }

  changed() {
    if (this.#running) {
      this.#again = true;
      return;
    }
    const wait = this.#startedAt + this.#intervalMs - performance.now();
    if (wait <= 0) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), wait);
  }

  #start() {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#running = true;
    this.#again = false;
    this.#startedAt = performance.now();
    this.#round((costMs) => {
      this.#running = false;
      this.#intervalMs = Math.min(LONGEST_INTERVAL_MS, Math.max(INTERVAL_MS, costMs / LOOP_SHARE));
      if (this.#again) this.changed();
    });
  }
}

/**
 * Visits everyone in slices of about a millisecond, with the event loop between them.
 *
 * @template T @param {Iterable<T>} everyone @param {(one: T) => void} visit @param {(costMs: number) => void} done
 */
export function inSlices(everyone, visit, done) {
  const left = everyone[Symbol.iterator]();
  let costMs = 0;
  const slice = () => {
    const started = performance.now();
    for (let i = 1; ; i++) {
      const { value, done: over } = left.next();
      if (over) {
        done(costMs + performance.now() - started);
        return;
      }
      visit(value);
      if (i % LOOK_EVERY === 0 && performance.now() - started > SLICE_MS) break;
    }
    costMs += performance.now() - started;
    setImmediate(slice);
  };
  setImmediate(slice);
}
