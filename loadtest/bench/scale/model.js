/**
 * What an audience of any size needs, by arithmetic, from what one process was measured to cost.
 *
 * The shape is the design's: one engine decides; relays, where there are many gateways, hand each publication on; each
 * gateway owns its watchers' sockets and goes round them in its own rhythm.
 */

/**
 * @typedef {object} Costs
 * @property {number} deliveryMicros processor time of a gateway for one message to one watcher
 * @property {number} connectionMicros for one connection, until it has its first stock value
 * @property {number} connectionBytes memory of the process for one idle connection
 * @property {number} purchasesPerSecond that one engine answers, durable, on one machine with its gateway
 * @property {number} roundShare of a gateway's time that rounds of stock may take
 *
 * @typedef {object} Assumptions what wasn't measured
 * @property {number} watchersPerGateway
 * @property {number} publicationsPerSecond that the engine makes at most
 * @property {number} childrenPerRelay
 * @property {number} hopMs from one machine to the next
 * @property {number} wireBytes of a stock message with all its headers
 * @property {number} kernelBytes of an idle connection
 * @property {number} buyersShare of the watchers who press, within `pressSeconds` of the opening
 * @property {number} pressSeconds
 * @property {number} mailbox commands that may wait
 *
 * @typedef {ReturnType<typeof plan>} Plan
 */

/** @type {Assumptions} */
export const ASSUMED = {
  watchersPerGateway: 15_000,
  publicationsPerSecond: 50,
  childrenPerRelay: 32,
  hopMs: 0.5,
  wireBytes: 110,
  kernelBytes: 4_096,
  buyersShare: 0.1,
  pressSeconds: 10,
  mailbox: 10_000,
};

/** The hub's own limits, `LIMITS.hub` of the product, in milliseconds. */
const INTERVAL_MS = 50;
const LONGEST_INTERVAL_MS = 2_000;

/** @param {number} watchers @param {Costs} costs @param {Assumptions} [assumed] */
export function plan(watchers, costs, assumed = ASSUMED) {
  const gateways = Math.ceil(watchers / assumed.watchersPerGateway);
  const each = Math.ceil(watchers / gateways);
  const levels = relayLevels(gateways, assumed.childrenPerRelay);
  const roundMs = (each * costs.deliveryMicros) / 1000;
  const intervalMs = Math.min(LONGEST_INTERVAL_MS, Math.max(INTERVAL_MS, roundMs / costs.roundShare));
  const rootChildren = levels === 0 ? gateways : assumed.childrenPerRelay;
  const presses = (watchers * assumed.buyersShare) / assumed.pressSeconds;
  return {
    watchers,
    gateways,
    relays: relayCount(gateways, assumed.childrenPerRelay),
    levels,
    updatesPerSecond: 1000 / intervalMs,
    /** From durable to the last watcher: a publication's wait, the way down, and one whole round that nothing slows. */
    lastMs: wayDownMs(gateways, levels, costs, assumed) + roundMs,
    /** The same for a number that comes just after a round has begun. */
    oldestMs: wayDownMs(gateways, levels, costs, assumed) + intervalMs + roundMs,
    gatewayBytes: each * (costs.connectionBytes + assumed.kernelBytes),
    megabitsPerSecond: (watchers * (1000 / intervalMs) * assumed.wireBytes * 8) / 1e6,
    /** At the AVISO: everything that one gateway sends, in the time that it takes to. */
    burstMegabitsPerSecond: (each * assumed.wireBytes * 8) / (roundMs / 1000) / 1e6,
    reconnectSeconds: (each * costs.connectionMicros) / 1e6,
    /** Shares of what there is; above 1 it breaks. */
    load: {
      "the engine's answers to everybody who presses": presses / costs.purchasesPerSecond,
      "the mailbox":
        Math.max(0, (presses - costs.purchasesPerSecond) * assumed.pressSeconds) / assumed.mailbox,
      "the engine's link to its gateways":
        (rootChildren * assumed.publicationsPerSecond * costs.deliveryMicros) / 1e6,
      "a gateway's time for rounds": Math.min(1, roundMs / intervalMs) / costs.roundShare,
    },
  };
}

/**
 * The first size, growing by a tenth each time, at which something has more to do than it can.
 *
 * @param {Costs} costs @param {Assumptions} assumed
 * @returns {{ watchers: number, what: string } | null} null if nothing does below a thousand million
 */
export function firstBreak(costs, assumed) {
  for (let watchers = 10_000; watchers < 1e9; watchers *= 1.1) {
    const over = Object.entries(plan(Math.round(watchers), costs, assumed).load).find(
      ([, load]) => load > 1.000_001,
    );
    if (over !== undefined) return { watchers: Math.round(watchers), what: over[0] };
  }
  return null;
}

/** @param {number} gateways @param {number} children */
export function relayLevels(gateways, children) {
  let levels = 0;
  for (let reached = children; reached < gateways; reached *= children) levels += 1;
  return levels;
}

/** @param {number} gateways @param {number} children */
function relayCount(gateways, children) {
  let count = 0;
  for (let left = gateways; left > children;) {
    left = Math.ceil(left / children);
    count += left;
  }
  return count;
}

/** The last child of each hop waits for the writes to those before it. @param {number} gateways @param {number} levels @param {Costs} costs @param {Assumptions} assumed */
function wayDownMs(gateways, levels, { deliveryMicros }, { childrenPerRelay, hopMs }) {
  const hops = levels + 1;
  const writes = levels === 0 ? gateways : childrenPerRelay * hops;
  return hops * hopMs + (writes * deliveryMicros) / 1000;
}
