/**
 * The client's process: opens the connections, warms up, measures for a fixed time, waits for the last reply, and
 * reports to the process that started it. The same for both servers; only the bytes that it expects differ.
 */
import { Buyer } from "./buyer.js";
import { processorSeconds } from "./machine.js";
import { setTimeout as wait } from "node:timers/promises";
import { Tally } from "./tally.js";

/**
 * @typedef {object} Orders
 * @property {number} port
 * @property {number} serverPid whose processor time is read around the window
 * @property {number} connections
 * @property {number} inFlight
 * @property {number} warmUpMs
 * @property {number} measureMs
 * @property {string} request
 * @property {string} reply
 * @property {readonly string[]} pushes
 *
 * @typedef {object} Measured
 * @property {number} replies in the window
 * @property {number} windowMs
 * @property {number} perSecond
 * @property {number} p50Ms
 * @property {number} p99Ms
 * @property {number} pushes in the window
 * @property {number} repliesInAll since the first connection
 * @property {number | null} serverMicros processor time of the server per reply; null where the system doesn't tell
 * @property {number | null} loopMicros the part of it on the thread of the event loop
 * @property {number} clientMicros
 *
 * @typedef {Measured | { fault: string }} Report
 */

/** Handshakes under way at once: less than any listen queue holds. */
const OPENING = 100;

/** How long the replies that are due when the window ends may take. */
const DRAIN_MS = 10_000;

await main(JSON.parse(process.argv[2] ?? "{}"));

/** @param {Orders} orders */
async function main(orders) {
  /** @type {Buyer[]} */
  const buyers = [];
  try {
    await report(await measure(orders, buyers));
  } catch (cause) {
    await report({ fault: cause instanceof Error ? cause.message : String(cause) });
  } finally {
    for (const buyer of buyers) buyer.leave();
    process.disconnect?.();
  }
}

/**
 * @param {Orders} orders
 * @param {Buyer[]} buyers those who connect are added
 * @returns {Promise<Measured>}
 */
async function measure(orders, buyers) {
  const tally = new Tally(orders);
  while (buyers.length < orders.connections) {
    const opening = Array.from(
      { length: Math.min(OPENING, orders.connections - buyers.length) },
      () => new Buyer(orders.port, tally),
    );
    buyers.push(...opening);
    await tally.unlessFault(Promise.all(opening.map((buyer) => buyer.opened)));
  }
  for (const buyer of buyers) buyer.begin();
  await tally.unlessFault(wait(orders.warmUpMs));
  const before = reading(orders, tally);
  tally.latencies.clear();
  await tally.unlessFault(wait(orders.measureMs));
  const after = reading(orders, tally);
  const { p50Ms, p99Ms } = tally.latencies.percentiles();
  tally.closing = true;
  await drain(buyers, tally);

  const replies = after.replies - before.replies;
  const windowMs = after.at - before.at;
  /** @param {"all" | "loop"} threads */
  const micros = (threads) => {
    if (before.server === null || after.server === null) return null;
    return ((after.server[threads] - before.server[threads]) * 1e6) / replies;
  };
  return {
    replies,
    windowMs,
    perSecond: (replies / windowMs) * 1000,
    p50Ms,
    p99Ms,
    pushes: after.pushes - before.pushes,
    repliesInAll: tally.replies,
    serverMicros: micros("all"),
    loopMicros: micros("loop"),
    clientMicros: (after.clientMicros - before.clientMicros) / replies,
  };
}

/** @param {Orders} orders @param {Tally} tally */
function reading({ serverPid }, { replies, pushes }) {
  const { user, system } = process.cpuUsage();
  const server = processorSeconds(serverPid);
  return { at: performance.now(), replies, pushes, clientMicros: user + system, server };
}

/** @param {readonly Buyer[]} buyers @param {Tally} tally */
async function drain(buyers, tally) {
  const deadline = performance.now() + DRAIN_MS;
  while (buyers.some((buyer) => buyer.waiting > 0)) {
    if (performance.now() > deadline) throw new Error("replies are missing at the end");
    await tally.unlessFault(wait(10));
  }
}

/** @param {Report} what */
function report(what) {
  return new Promise((resolve) => {
    process.send?.(what, undefined, {}, resolve);
  });
}
