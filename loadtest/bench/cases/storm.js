/**
 * Everybody comes at once to a server that is up and at rest: how long until each has been told the stock, and what
 * memory those cost who then only wait.
 */
import { setTimeout as wait } from "node:timers/promises";
import { bar } from "../bars.js";
import { ours, oursUnrehearsed, oursWithWorkers, peer } from "../contestants.js";
import { ratioOf } from "../spread.js";
import { PLENTY, rounds, withAudience } from "./context.js";

/** @typedef {{ perSecond: number, idleBytes: number | null, contestant: string, round: number }} Trial */

/** @param {import("./context.js").Context} context @returns {Promise<Trial[]>} */
export function run(context) {
  const { connections, underWay, idle, settleMs } = context.profile.storm;
  const contestants = [ours, oursUnrehearsed, peer("ws"), peer("bun"), peer("socket.io")];
  if (context.workers) contestants.push(oursWithWorkers);
  return rounds(context, contestants, (contestant) =>
    withAudience(context, contestant, PLENTY, async (server, audience) => {
      await server.quiet();
      const before = server.residentBytes();
      const { ms } = await audience.open(connections, { underWay, ask: true });
      await audience.open(idle - connections);
      await wait(settleMs);
      return {
        perSecond: (connections / ms) * 1000,
        // A rehearsal leaves room behind, in which the first connections find their place: they'd seem to cost nothing.
        idleBytes: contestant.rehearses ? null : (server.residentBytes() - before) / idle,
      };
    }),
  );
}

/** @param {import("./context.js").Context} context @param {readonly Trial[]} trials */
export function judge({ profile, workers }, trials) {
  const { connections, idle } = profile.storm;
  /** @param {string} who @param {string} other @param {number} limit */
  const storm = (who, other, limit) =>
    bar({
      case: "storm",
      what: `${connections} connections to their first stock value, rate: ${who} / ${other}`,
      sign: ">=",
      limit,
      value: ratioOf(trials, who, other, ({ perSecond }) => perSecond),
      note: who === oursWithWorkers.name && !workers ? "this build of ours has no --workers" : "",
    });
  /** @param {string} other @param {number} limit */
  const memory = (other, limit) =>
    bar({
      case: "idle",
      what: `memory per idle connection, ${idle}: ours / ${other}`,
      sign: "<=",
      limit,
      value: ratioOf(trials, oursUnrehearsed.name, other, ({ idleBytes }) => idleBytes),
    });
  return [
    storm("ours", "ws", 0.9),
    storm("ours", "socket.io", 2.5),
    storm(oursWithWorkers.name, "ws", 1.3),
    memory("ws", 1.05),
    memory("socket.io", 0.45),
  ];
}
