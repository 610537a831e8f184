/** What the model and the simulation say, for a terminal and for docs/scale.md. */
import { thousands } from "../figures.js";
import { markdownTable } from "../docs/sections.js";
import { costsFrom } from "./costs.js";
import { ASSUMED, firstBreak, plan } from "./model.js";
import { randomFrom, simulate } from "./simulation.js";

/** @typedef {import("./model.js").Costs} Costs */

export const SIZES = [100_000, 1_000_000, 10_000_000];

/** The arithmetic may be off by this much from what is played: randomness, and hops that overlap. */
export const TOLERANCE = 0.15;

const SEED = 4;

/** Every gateway straight on the engine. */
const WITHOUT_RELAYS = { ...ASSUMED, childrenPerRelay: Number.MAX_SAFE_INTEGER };

/** @param {import("../docs/performance.js").Kept} kept @returns {Readonly<Record<string, string>>} */
export function scaleSections(kept) {
  const costs = costsFrom(kept);
  if (costs === null) return { costs: "Not measured yet.", plan: "", check: "", breaks: "" };
  return {
    costs: markdownTable(["measured", ""], costRows(costs)),
    plan: markdownTable(["", ...SIZES.map((size) => `${thousands(size)} watchers`)], planRows(costs)),
    check: markdownTable(
      ["", "watchers", "arithmetic", "played", "differ by"],
      compare(costs).map(({ what, watchers, computed, played, difference }) => [
        what,
        thousands(watchers),
        said(computed),
        said(played),
        `${(difference * 100).toFixed(1)} %`,
      ]),
    ),
    breaks: breakLines(costs)
      .map((line) => `- ${line}`)
      .join("\n"),
  };
}

/** @param {Costs} costs */
export function costRows(costs) {
  return [
    ["one message to one watcher", `${costs.deliveryMicros.toFixed(1)} µs of a gateway's processor`],
    [
      "one connection, to its first stock value",
      `${costs.connectionMicros.toFixed(0)} µs, with its client on the same machine`,
    ],
    ["one idle connection", `${(costs.connectionBytes / 1024).toFixed(1)} KiB of the process`],
    ["durable purchases of one engine, 1,000 buyers", `${thousands(costs.purchasesPerSecond)} a second`],
  ];
}

/** @param {Costs} costs */
export function planRows(costs) {
  const plans = SIZES.map((size) => plan(size, costs));
  const played = SIZES.map((size) => simulate(size, costs, ASSUMED, randomFrom(SEED)));
  /** @type {[string, (plan: import("./model.js").Plan, i: number) => string][]} */
  const rows = [
    ["gateways (one processor each)", ({ gateways }) => thousands(gateways)],
    [
      "relays between them and the engine",
      ({ relays, levels }) =>
        levels === 0 ? "none" : `${thousands(relays)} in ${levels} ${levels === 1 ? "level" : "levels"}`,
    ],
    [
      "memory of a gateway, with the kernel's",
      ({ gatewayBytes }) => `${(gatewayBytes / 2 ** 20).toFixed(0)} MiB`,
    ],
    ["updates a second to each watcher, at least", ({ updatesPerSecond }) => updatesPerSecond.toFixed(2)],
    ["bandwidth while the number falls", ({ megabitsPerSecond }) => bandwidth(megabitsPerSecond)],
    ["… of one gateway", ({ megabitsPerSecond, gateways }) => bandwidth(megabitsPerSecond / gateways)],
    ["… of one gateway at the AVISO", ({ burstMegabitsPerSecond }) => bandwidth(burstMegabitsPerSecond)],
    ["AVISO, durable to the last watcher", ({ lastMs }) => `${lastMs.toFixed(0)} ms`],
    ["oldest number on any screen", ({ oldestMs }) => `${oldestMs.toFixed(0)} ms`],
    ["everybody reconnects, spread evenly", ({ reconnectSeconds }) => `${reconnectSeconds.toFixed(1)} s`],
    [
      `${ASSUMED.buyersShare * 100} % press within ${ASSUMED.pressSeconds} s: told \`busy\`, to try again`,
      (_plan, i) => `${((played[i]?.refusedShare ?? 0) * 100).toFixed(0)} %`,
    ],
  ];
  return rows.map(([name, read]) => [name, ...plans.map(read)]);
}

/** @param {Costs} costs */
export function compare(costs) {
  return SIZES.flatMap((watchers) => {
    const computed = plan(watchers, costs);
    const played = simulate(watchers, costs, ASSUMED, randomFrom(SEED));
    return /** @type {const} */ ([
      ["updates a second", "updatesPerSecond"],
      ["AVISO to the last, ms", "lastMs"],
      ["oldest number, ms", "oldestMs"],
      ["bandwidth, Mbit/s", "megabitsPerSecond"],
    ]).map(([what, name]) => ({
      what,
      watchers,
      computed: computed[name],
      played: played[name],
      difference: Math.abs(played[name] - computed[name]) / computed[name],
    }));
  });
}

/** @param {Costs} costs */
export function breakLines(costs) {
  const capacity = costs.purchasesPerSecond;
  const withRelays = firstBreak(costs, ASSUMED);
  const calm = { ...ASSUMED, buyersShare: 0 };
  const calmAlone = firstBreak(costs, { ...WITHOUT_RELAYS, buyersShare: 0 });
  const calmRelayed = firstBreak(costs, calm);
  return [
    `**First**, when ${ASSUMED.buyersShare * 100} % of the watchers press within ${ASSUMED.pressSeconds} seconds: ${where(withRelays)}. One queue answers ${thousands(capacity)} a second, and whatever more comes waits in the mailbox (${thousands(ASSUMED.mailbox)}) or is told \`busy\`.`,
    `Were nobody to press, with gateways straight on the engine: ${where(calmAlone)}.`,
    `Were nobody to press, with relays of ${ASSUMED.childrenPerRelay}: ${where(calmRelayed)}.`,
  ];
}

/** @param {{ watchers: number, what: string } | null} found */
function where(found) {
  return found === null
    ? "nothing of what is computed here, up to a thousand million watchers (machines and bandwidth still have to be there)"
    : `${found.what}, from ${roughly(found.watchers)} watchers on`;
}

/** @param {number} value */
function roughly(value) {
  return thousands(Number(value.toPrecision(2)));
}

/** @param {number} megabits */
function bandwidth(megabits) {
  return megabits >= 1000 ? `${(megabits / 1000).toFixed(1)} Gbit/s` : `${megabits.toFixed(0)} Mbit/s`;
}

/** @param {number} value */
function said(value) {
  return value >= 100 ? thousands(value) : value.toFixed(2);
}
