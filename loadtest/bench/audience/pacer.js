/** Buyers at a fixed rate, whatever the answers take, and how old what the audience sees is meanwhile. */
import { setTimeout as wait } from "node:timers/promises";
import { quantiles } from "./quantiles.js";
import { Schedule } from "./schedule.js";
import { RECEIPT, number } from "./wire.js";
import { Watcher } from "./watcher.js";

/** Commands that are due leave this often. */
const TICK_MS = 2;

/** Looks at what somebody in the audience knows; after a late tick as many more as are due. */
const LOOKS_PER_SECOND = 10_000;

/** One message in this many is timed. */
const TIMED = 7;

/** How long the answers that are due at the end may take. */
const DRAIN_MS = 15_000;

export class Pacer {
  #crowd;
  #port;
  #wire;
  /** @type {Buyer[]} */
  #buyers = [];
  /** When the purchase was due that left this much, by what it left. @type {Map<number, number>} */
  #dueAt = new Map();
  /** @type {number[]} */
  #answerMs = [];
  /** Looks at what somebody knew: when, and what. @type {number[]} */
  #looks = [];
  /** Messages: when, and what. @type {number[]} */
  #messages = [];
  #running = false;
  #count = 0;

  /** @param {import("./crowd.js").Crowd} crowd @param {number} port @param {import("./wire.js").Wire} wire */
  constructor(crowd, port, wire) {
    this.#crowd = crowd;
    this.#port = port;
    this.#wire = wire;
  }

  async firstBuyer() {
    await this.#open(1);
    return /** @type {Buyer} */ (this.#buyers[0]);
  }

  /** @param {number} count @param {number} perSecond @param {number} ms */
  async run(count, perSecond, ms) {
    await this.#open(count);
    this.#answerMs = [];
    this.#looks = [];
    this.#messages = [];
    this.#running = true;
    const started = performance.now();
    const purchases = new Schedule(started, perSecond);
    const looks = new Schedule(started, LOOKS_PER_SECOND);
    let sent = 0;
    // What is due is done to the end, also where the last tick is late.
    for (let now = started; now < started + ms;) {
      await wait(TICK_MS);
      now = performance.now();
      const until = Math.min(now, started + ms);
      for (const dueAt of purchases.dueUntil(until)) this.#buyers[sent++ % count]?.buy(dueAt);
      for (const _ of looks.dueUntil(until)) this.#look(now);
    }
    this.#running = false;
    for (const deadline = performance.now() + DRAIN_MS; this.#buyers.some((buyer) => buyer.waiting > 0);) {
      if (performance.now() > deadline) throw new Error("answers are missing at the end");
      await wait(5);
    }
    return {
      sent,
      answerMs: named(this.#answerMs),
      staleMs: named(this.#staleness()),
      delayMs: named(this.#delays()),
    };
  }

  /** @param {number} value that some watcher was told */
  heard(value) {
    if (!this.#running) return;
    this.#count += 1;
    if (this.#count % TIMED === 0) this.#messages.push(performance.now(), value);
  }

  /** @param {number} dueAt @param {number} remaining */
  answered(dueAt, remaining) {
    this.#dueAt.set(remaining, dueAt);
    this.#answerMs.push(performance.now() - dueAt);
  }

  /** @param {number} count */
  async #open(count) {
    while (this.#buyers.length < count) {
      const buyer = new Buyer(this, this.#crowd, this.#wire, this.#port);
      this.#buyers.push(buyer);
      await buyer.open();
    }
  }

  /** @param {number} now */
  #look(now) {
    const { watchers, last } = this.#crowd;
    const value = last[Math.floor(Math.random() * watchers.length)] ?? -1;
    if (value !== -1) this.#looks.push(now, value);
  }

  /**
   * How long what somebody saw had been untrue: since the next ticket was due to be bought. It was sold a little later,
   * so this is an upper bound.
   */
  #staleness() {
    return pairs(this.#looks, (at, value) => Math.max(0, at - (this.#dueAt.get(value - 1) ?? at)));
  }

  /** From a purchase being due to its number being heard. */
  #delays() {
    return pairs(this.#messages, (at, value) => {
      const dueAt = this.#dueAt.get(value);
      return dueAt === undefined ? Number.NaN : at - dueAt;
    }).filter((delay) => !Number.isNaN(delay));
  }
}

class Buyer extends Watcher {
  waiting = 0;
  /** @type {number[]} */
  #dueAt = [];

  /** @param {Pacer} pacer @param {import("./crowd.js").Crowd} crowd @param {import("./wire.js").Wire} wire @param {number} port */
  constructor(pacer, crowd, wire, port) {
    super(-1, wire, port, {
      fail: (why) => crowd.fail(why),
      hear: (_, meaning) => {
        if (meaning !== RECEIPT) return;
        this.waiting -= 1;
        const dueAt = this.#dueAt.shift();
        if (dueAt !== undefined) pacer.answered(dueAt, number);
      },
    });
  }

  /** @param {number} dueAt from when on the buyer waits, whenever we come to send it @param {number} [quantity] */
  buy(dueAt, quantity = 1) {
    this.waiting += 1;
    this.#dueAt.push(dueAt);
    this.send(quantity === 1 ? "COMPRAR" : `COMPRAR ${quantity}`);
  }
}

/** @param {readonly number[]} list @param {(first: number, second: number) => number} map */
function pairs(list, map) {
  const result = [];
  for (let i = 0; i + 1 < list.length; i += 2) result.push(map(list[i] ?? 0, list[i + 1] ?? 0));
  return result;
}

/** @param {readonly number[]} values */
function named(values) {
  const [p50 = null, p99 = null, most = null] = values.length === 0 ? [] : quantiles(values, [0.5, 0.99, 1]);
  return { p50, p99, most, count: values.length };
}
