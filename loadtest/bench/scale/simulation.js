/**
 * The same system, played event by event instead of computed: an engine that publishes, relays that write to one child
 * after the other, gateways that go round their watchers in the hub's rhythm, a queue of buyers. What comes out is
 * compared with the arithmetic: where the two differ, one of them is wrong.
 */
import { plan } from "./model.js";

/** @typedef {import("./model.js").Costs} Costs @typedef {import("./model.js").Assumptions} Assumptions */

const INTERVAL_MS = 50;
const LONGEST_INTERVAL_MS = 2_000;

/** Played: long enough for rhythms to drift apart. */
const SECONDS = 8;

/** Of a gateway's watchers, these many are followed. */
const FOLLOWED = 50;

/**
 * @param {number} watchers @param {Costs} costs @param {Assumptions} assumed
 * @param {() => number} random from 0 to 1
 */
export function simulate(watchers, costs, assumed, random) {
  const { gateways } = plan(watchers, costs, assumed);
  const sizes = Array.from({ length: gateways }, (_, i) => Math.floor((watchers + i) / gateways));
  const delays = wayDown(gateways, costs, assumed);
  const everyMs = 1000 / assumed.publicationsPerSecond;
  const published = Array.from(
    { length: Math.floor((SECONDS * 1000) / everyMs) },
    (_, i) => (i + random()) * everyMs,
  );
  const soldOutAt = SECONDS * 1000;
  const played = sizes.map((size, i) => playGateway(size, published, delays[i] ?? 0, costs, random));
  // The AVISO doesn't wait for the rhythm, but for the slice under way and for a round that it starts anew.
  const heard = sizes.map((size, i) => soldOutAt + (delays[i] ?? 0) + (size * costs.deliveryMicros) / 1000);
  return {
    updatesPerSecond: Math.min(...played.map(({ rounds }) => rounds)) / SECONDS,
    oldestMs: Math.max(...played.map(({ oldestMs }) => oldestMs)),
    lastMs: Math.max(...heard) - soldOutAt,
    megabitsPerSecond:
      (played.reduce((sum, { sent }) => sum + sent, 0) * assumed.wireBytes * 8) / SECONDS / 1e6,
    refusedShare: playQueue(watchers, costs, assumed, random),
  };
}

/** When each gateway has what the root began to write at 0. @param {number} gateways @param {Costs} costs @param {Assumptions} assumed */
function wayDown(gateways, { deliveryMicros }, { childrenPerRelay, hopMs }) {
  /** @type {number[]} */
  const arrivals = [];
  /** @param {number} count @param {number} at */
  const hand = (count, at) => {
    const children = count <= childrenPerRelay ? count : childrenPerRelay;
    for (let child = 0, left = count; child < children; child++) {
      const below = Math.ceil(left / (children - child));
      left -= below;
      const there = at + ((child + 1) * deliveryMicros) / 1000 + hopMs;
      if (count <= childrenPerRelay) arrivals.push(there);
      else hand(below, there);
    }
  };
  hand(gateways, 0);
  return arrivals;
}

/**
 * One hub: a round carries whatever is newest when each watcher's turn comes, and takes its share of the time.
 *
 * @param {number} size @param {readonly number[]} published @param {number} delayMs of the way down @param {Costs} costs @param {() => number} random
 */
function playGateway(size, published, delayMs, { deliveryMicros, roundShare }, random) {
  const arrivals = published.map((at) => at + delayMs);
  const roundMs = (size * deliveryMicros) / 1000;
  const intervalMs = Math.min(LONGEST_INTERVAL_MS, Math.max(INTERVAL_MS, roundMs / roundShare));
  const places = Array.from({ length: FOLLOWED }, () => random());
  const end = arrivals.at(-1) ?? 0;
  let [rounds, oldestMs] = [0, 0];
  let start = arrivals[0] ?? 0;
  /** When each followed watcher last heard anything. */
  const before = places.map(() => Number.NaN);
  for (; start <= end; start += intervalMs, rounds++) {
    // Rounds begin elsewhere each time, so a place in one says nothing about the next.
    for (let i = 0; i < FOLLOWED; i++) {
      const at = start + roundMs * ((random() + (places[i] ?? 0)) % 1);
      const oldest = firstAfter(arrivals, before[i] ?? Number.NaN);
      if (oldest !== null && at > oldest) oldestMs = Math.max(oldestMs, at - oldest + delayMs);
      before[i] = at;
    }
  }
  return { rounds, sent: rounds * size, oldestMs };
}

/** @param {readonly number[]} times rising @param {number} after */
function firstAfter(times, after) {
  if (Number.isNaN(after)) return null;
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) > after) high = middle;
    else low = middle + 1;
  }
  return times[low] ?? null;
}

/** The opening: buyers come at random, the engine answers so many a second. @param {number} watchers @param {Costs} costs @param {Assumptions} assumed @param {() => number} random @returns the share that finds the mailbox full */
function playQueue(watchers, { purchasesPerSecond }, { buyersShare, pressSeconds, mailbox }, random) {
  const buyers = Math.round(watchers * buyersShare);
  // In steps of a hundredth of a second; how many come in one is nearly normal.
  const steps = pressSeconds * 100;
  let [waiting, refused] = [0, 0];
  for (let i = 0; i < steps; i++) {
    const mean = buyers / steps;
    const come = Math.max(0, Math.round(mean + Math.sqrt(mean) * (random() + random() + random() - 1.5) * 2));
    waiting = Math.max(0, waiting - purchasesPerSecond / 100) + come;
    if (waiting > mailbox) {
      refused += waiting - mailbox;
      waiting = mailbox;
    }
  }
  return refused / buyers;
}

/** The same numbers on every machine. @param {number} seed @returns {() => number} */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
