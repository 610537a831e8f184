/**
 * Buyers while everybody watches. First 64 of them as fast as they can, alone and beside the audience, each on a fresh
 * server and with the same warm-up, the first of the two changing with the round; then a fixed rate of purchases, and how
 * old what the audience sees is. The peers have our conflation here (without it, they answer
 * nobody) and keep nothing, so they aren't durable: their rates say what fan-out leaves, not what a sale costs.
 */
import { fileURLToPath } from "node:url";
import { bar } from "../bars.js";
import { ours, peer } from "../contestants.js";
import { pinned } from "../pinning.js";
import { ratioOf, spreadOf } from "../spread.js";
import { reportOf, spawnWords } from "../trial.js";
import { PLENTY, rounds, withAudience } from "./context.js";

/**
 * @typedef {import("../contestants.js").Contestant} Contestant
 * @typedef {{ perSecond: number, p99Ms: number }} Buying
 * @typedef {object} Trial
 * @property {string} contestant
 * @property {number} round
 * @property {Buying} quiet
 * @property {Buying} watched
 * @property {number} updatesPerSecond heard by the watcher that heard the fewest, while 64 bought
 * @property {number | null} answerP99Ms at the fixed rate
 * @property {number | null} staleP50Ms
 * @property {number | null} staleP99Ms
 */

const BUYERS = 64;
const CLIENT = fileURLToPath(new URL("../client.js", import.meta.url));
const PATIENCE_MS = 20_000;

/** @param {import("./context.js").Context} context @returns {Promise<Trial[]>} */
export function run(context) {
  const { watchers, perSecond, pacedMs } = context.profile.watchers;
  const contestants = [ours, peer("ws", true), peer("bun", true)];
  const alone = (/** @type {Contestant} */ contestant) =>
    withAudience(context, contestant, PLENTY, async (server) => {
      await server.quiet();
      return buyFast(context, server);
    });
  const beside = (/** @type {Contestant} */ contestant) =>
    withAudience(context, contestant, PLENTY, async (server, audience) => {
      await server.quiet();
      await audience.open(watchers);
      await audience.updates();
      const watched = await buyFast(context, server);
      const { least, seconds } = await audience.updates();
      const sold = watched.repliesInAll;
      await audience.expect({ value: PLENTY - sold, notices: 0, soldOut: 0 });
      await audience.heard();
      const paced = await audience.pace(BUYERS, perSecond, pacedMs);
      if (paced.answerMs.count !== paced.sent) throw new Error("purchases weren't answered");
      await audience.expect({ value: PLENTY - sold - paced.sent, notices: 0, soldOut: 0 });
      await audience.heard();
      return {
        watched: { perSecond: watched.perSecond, p99Ms: watched.p99Ms },
        updatesPerSecond: least / seconds,
        answerP99Ms: paced.answerMs.p99,
        staleP50Ms: paced.staleMs.p50,
        staleP99Ms: paced.staleMs.p99,
      };
    });
  return rounds(context, contestants, async (contestant, round) => {
    const first = round % 2 === 0 ? await alone(contestant) : null;
    const found = await beside(contestant);
    const { perSecond, p99Ms } = first ?? (await alone(contestant));
    return { quiet: { perSecond, p99Ms }, ...found };
  });
}

/** @param {import("./context.js").Context} context @param {readonly Trial[]} trials */
export function judge({ profile }, trials) {
  const { watchers, perSecond } = profile.watchers;
  const beside = trials.flatMap((trial) => [
    { ...trial.quiet, contestant: `${trial.contestant}, quiet`, round: trial.round },
    { ...trial.watched, contestant: trial.contestant, round: trial.round },
  ]);
  const crowd = `${BUYERS} durable buyers beside ${watchers} watchers`;
  return [
    bar({
      case: "watchers",
      what: `${crowd}: p99 / p99 without watchers`,
      sign: "<=",
      limit: 2,
      value: ratioOf(beside, "ours", "ours, quiet", ({ p99Ms }) => p99Ms),
    }),
    bar({
      case: "watchers",
      what: `${crowd}: rate / rate without watchers`,
      sign: ">=",
      limit: 0.75,
      value: ratioOf(beside, "ours", "ours, quiet", (trial) => trial.perSecond),
    }),
    bar({
      case: "watchers",
      what: `${crowd}: updates a second, of the watcher with the fewest`,
      sign: ">=",
      limit: 1.5,
      value: spreadOf(trials, "ours", ({ updatesPerSecond }) => updatesPerSecond),
    }),
    bar({
      case: "watchers",
      what: `${perSecond} purchases/s offered beside ${watchers} watchers, all answered: staleness p99 in ms`,
      sign: "<=",
      limit: 300,
      value: spreadOf(trials, "ours", ({ staleP99Ms }) => staleP99Ms),
    }),
  ];
}

/** @param {import("./context.js").Context} context @param {import("../contestants.js").Running} server */
function buyFast({ pin, profile, workspace }, server) {
  const { warmUpMs, measureMs } = profile.watchers;
  const orders = {
    port: server.port,
    serverPid: server.pid,
    connections: BUYERS,
    inFlight: 1,
    warmUpMs,
    measureMs,
    request: "COMPRAR",
    reply: "Compra realizada. Estoque restante: ",
    pushes: ["ESTOQUE: ", "AVISO: "],
  };
  const words = [...pinned(pin, 1), process.execPath, CLIENT, JSON.stringify(orders)];
  const client = workspace.watch(spawnWords(words, ["ignore", "inherit", "inherit", "ipc"]));
  return reportOf(client, warmUpMs + measureMs + PATIENCE_MS);
}
