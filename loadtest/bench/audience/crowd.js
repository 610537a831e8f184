/** Everybody who listens: what each knows, and whether all have heard what they should, neither less nor more. */
import { Pacer } from "./pacer.js";
import { quantiles } from "./quantiles.js";
import { Watcher } from "./watcher.js";
import { ANSWER, NOTICE, number, RECEIPT, SOLD_OUT, STOCK } from "./wire.js";

/** Beyond it, nothing comes any more. */
const PATIENCE_MS = 30_000;

/**
 * @typedef {object} Goal what everybody has to know
 * @property {number} value the stock
 * @property {number} notices to be heard from now on, beside sold out
 * @property {number} soldOut AVISOs to be heard from now on
 */

export class Crowd {
  /** @type {Watcher[]} */
  watchers = [];
  /** Newest stock that each knows; −1 before the first. */
  last = new Int32Array(20_000).fill(-1);
  #port;
  #wire;
  #updates = new Uint32Array(20_000);
  #countedAt = performance.now();
  #notices = new Uint32Array(20_000);
  #soldOut = new Uint32Array(20_000);
  #heardAt = new Float64Array(20_000);
  /** @type {Goal | null} */
  #goal = null;
  #behind = 0;
  #startedAt = 0;
  /** @type {(() => void) | null} */
  #allHeard = null;
  /** Whoever waits for the answer to CONSULTAR. @type {Map<number, () => void>} */
  #asking = new Map();
  #pacer;
  /** @type {Promise<never>} */
  #fault;
  /** @type {(cause: Error) => void} */
  #reject = () => {};

  /** @param {number} port @param {import("./wire.js").Wire} wire */
  constructor(port, wire) {
    this.#port = port;
    this.#wire = wire;
    this.#fault = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.#fault.catch(() => {});
    this.#pacer = new Pacer(this, port, wire);
  }

  /** @template T @param {Promise<T>} step @returns {Promise<T>} */
  unlessFault(step) {
    return Promise.race([step, this.#fault]);
  }

  /** @param {string} why */
  fail(why) {
    this.#reject(new Error(why));
  }

  /**
   * Whatever can be made before the first connects is made before the clock starts.
   *
   * @param {number} count how many come
   * @param {number} underWay how many of them may be opening at once
   * @param {boolean} ask whether each asks for the stock, and is in once it has been told
   */
  async open(count, underWay, ask) {
    const first = this.watchers.length;
    for (let i = 0; i < count; i++) {
      this.watchers.push(new Watcher(first + i, this.#wire, this.#port, this));
    }
    const started = performance.now();
    let next = first;
    const one = async () => {
      while (next < first + count) {
        const watcher = /** @type {Watcher} */ (this.watchers[next]);
        next += 1;
        await watcher.open();
        if (ask) await this.#ask(watcher);
      }
    };
    await Promise.all(Array.from({ length: underWay }, one));
    return { ms: performance.now() - started };
  }

  /** @param {Goal} goal what everybody is about to hear */
  expect(goal) {
    this.#goal = goal;
    this.#behind = 0;
    this.#notices.fill(0);
    this.#soldOut.fill(0);
    for (const { index } of this.watchers) if (!this.#knows(index, goal)) this.#behind += 1;
    this.#startedAt = performance.now();
  }

  /** One purchase for each quantity, and when each watcher knew them all. @param {Goal} goal @param {readonly number[]} quantities @param {number} [timeoutMs] */
  async buy(goal, quantities, timeoutMs) {
    const buyer = await this.#pacer.firstBuyer();
    this.expect(goal);
    for (const quantity of quantities) buyer.buy(performance.now(), quantity);
    return this.heard(timeoutMs);
  }

  /** Waits until everybody knows what is expected. @param {number} [timeoutMs] */
  async heard(timeoutMs = PATIENCE_MS) {
    if (this.#behind > 0) await this.#whenAllHeard(timeoutMs);
    const { length } = this.watchers;
    const times = this.#heardAt.subarray(0, length).map((at) => at - this.#startedAt);
    return { lastMs: length === 0 ? 0 : Math.max(...times), medianMs: quantiles(times, [0.5])[0] };
  }

  /** @param {number} buyers @param {number} perSecond @param {number} ms */
  pace(buyers, perSecond, ms) {
    return this.#pacer.run(buyers, perSecond, ms);
  }

  /** Stock updates that each has heard since the last time. */
  updates() {
    const seconds = (performance.now() - this.#countedAt) / 1000;
    const counts = this.#updates.subarray(0, this.watchers.length);
    const [least = 0, median = 0, most = 0] = quantiles(counts, [0, 0.5, 1]);
    const all = counts.reduce((sum, count) => sum + count, 0);
    this.#updates.fill(0);
    this.#countedAt = performance.now();
    return { least, median, most, all, seconds };
  }

  /** @param {Watcher} watcher @param {number} meaning */
  hear({ index }, meaning) {
    const knew = this.#goal !== null && this.#knows(index, this.#goal);
    if (meaning === STOCK) {
      this.last[index] = number;
      this.#updates[index] = (this.#updates[index] ?? 0) + 1;
      this.#pacer.heard(number);
    } else if (meaning === SOLD_OUT) this.#soldOut[index] = (this.#soldOut[index] ?? 0) + 1;
    else if (meaning === NOTICE) this.#notices[index] = (this.#notices[index] ?? 0) + 1;
    else if (meaning === ANSWER) {
      this.last[index] = number;
      this.#asking.get(index)?.();
      return;
    } else if (meaning === RECEIPT) this.fail("a watcher bought something");
    if (this.#goal === null) return;
    if (
      (this.#soldOut[index] ?? 0) > this.#goal.soldOut ||
      (this.#notices[index] ?? 0) > this.#goal.notices
    ) {
      this.fail(`watcher ${index} heard a notice twice`);
    }
    const knows = this.#knows(index, this.#goal);
    // The same number may come twice, and one that should have been the last may not be it.
    if (knows === knew) return;
    this.#behind += knows ? -1 : 1;
    if (knows) this.#heardAt[index] = performance.now();
    if (this.#behind === 0) this.#allHeard?.();
  }

  /** @param {number} index @param {Goal} goal */
  #knows(index, { value, notices, soldOut }) {
    return this.last[index] === value && this.#notices[index] === notices && this.#soldOut[index] === soldOut;
  }

  /** @param {Watcher} watcher @returns {Promise<void>} */
  #ask(watcher) {
    return new Promise((resolve) => {
      this.#asking.set(watcher.index, () => {
        this.#asking.delete(watcher.index);
        resolve();
      });
      watcher.send("CONSULTAR");
    });
  }

  /** @param {number} timeoutMs @returns {Promise<void>} */
  #whenAllHeard(timeoutMs) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(this.#missing())), timeoutMs);
      this.#allHeard = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #missing() {
    const { index = 0 } =
      this.watchers.find(({ index }) => this.#goal && !this.#knows(index, this.#goal)) ?? {};
    const { last } = this;
    return `${this.#behind} of ${this.watchers.length} haven't heard it; watcher ${index} knows ${last[index]}, ${this.#notices[index]} notices, ${this.#soldOut[index]} sold out, not ${JSON.stringify(this.#goal)}`;
  }
}
