/**
 * The audience's process: thousands of connections that only listen, and a few buyers that make the stock fall. It does
 * what it is told, one line of JSON each, and answers each with one. It runs under Bun, whose sockets cost
 * a client half of what Node's do: with a slower client than the servers, all of them would look alike.
 */
import { createInterface } from "node:readline";
import { Crowd } from "./crowd.js";

const [port, wire] = process.argv.slice(2);
const crowd = new Crowd(Number(port), wire === "socketio" ? "socketio" : "plain");

/** @type {Readonly<Record<string, (order: any) => unknown>>} */
const orders = {
  open: ({ count, underWay, ask }) => crowd.open(count, underWay, ask),
  expect: ({ value, notices, soldOut }) => crowd.expect({ value, notices, soldOut }),
  buy: ({ value, notices, soldOut, quantities, timeoutMs }) =>
    crowd.buy({ value, notices, soldOut }, quantities, timeoutMs),
  heard: ({ timeoutMs }) => crowd.heard(timeoutMs),
  pace: ({ buyers, perSecond, ms }) => crowd.pace(buyers, perSecond, ms),
  updates: () => crowd.updates(),
};

createInterface({ input: process.stdin }).on("line", (line) => void obey(JSON.parse(line)));

/** @param {{ what: string }} order */
async function obey({ what, ...order }) {
  try {
    const result = await crowd.unlessFault(Promise.resolve(orders[what]?.(order)));
    say({ result: result ?? null });
  } catch (cause) {
    say({ fault: cause instanceof Error ? cause.message : String(cause) });
  }
}

/** @param {object} what */
function say(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}
