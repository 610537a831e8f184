/**
 * A crowd of people at the box office, for k6: each connects and keeps the connection, asks how many tickets are left,
 * thinks, buys, listens for the AVISO, and begins again, 10 to 20 times. See README.md for how to run it.
 *
 * One k6 user (VU) carries many people, because a VU costs megabytes and a person costs a socket; VUs share no
 * memory, so whatever concerns the whole crowd is a sum that must end at zero (crowd/measures.js).
 */
import exec from "k6/execution";
import http from "k6/http";
import { expectedFingerprint, newSeed } from "./crowd/fingerprint.js";
import { auditSold, balance, faults, thresholds } from "./crowd/measures.js";
import { Person } from "./crowd/person.js";
import { readSettings } from "./crowd/settings.js";
import { describe } from "./crowd/summary.js";
import { arriveLate, visit } from "./crowd/visit.js";

/** @typedef {{ startedAt: number, doorsAt: number, available: number, sold: number, seed: number }} Opening */

const settings = readSettings(__ENV);

export const options = {
  scenarios: {
    crowd: {
      executor: "per-vu-iterations",
      vus: settings.virtualUsers,
      iterations: 1,
      maxDuration: `${Math.ceil(settings.longestRunMs / 1000)}s`,
      gracefulStop: "5s",
    },
  },
  thresholds,
  summaryTrendStats: ["count", "min", "med", "p(95)", "p(99)", "max"],
};

/** Reads what is for sale, and opens every account that the crowd must bring to zero. */
export function setup() {
  const sale = getJson("");
  const { available, sold } = sale;
  if (!(available > 0)) throw new Error(`nothing to sell: ${JSON.stringify(sale)}`);
  if (settings.users * settings.roundsMin < available) {
    throw new Error(`${available} tickets outlast ${settings.users} users x ${settings.roundsMin} rounds`);
  }
  const seed = newSeed();
  balance.add(-available, { of: "stock" });
  balance.add(-expectedFingerprint(seed, available), { of: "remaining" });
  balance.add(-settings.users, { of: "visits" });
  const startedAt = Date.now();
  return { startedAt, doorsAt: startedAt + settings.rampMs, available, sold, seed };
}

/** @param {Opening} opening */
export default async function crowd(opening) {
  const first = exec.scenario.iterationInTest * settings.usersPerVu;
  const size = Math.min(settings.usersPerVu, settings.users - first);
  const people = Array.from({ length: size }, () => new Person(settings, opening));
  await Promise.all(people.map((person, index) => visit(person, settings, opening, first + index)));
  if (people.some((person) => person.knowsSoldOut)) await arriveLate(new Person(settings, opening), settings);
}

/**
 * Compares the server's books with what the users counted. Metrics can't be read here, so the server's side of the
 * ledger is subtracted from the sum to which each user added its tickets.
 *
 * @param {Opening} opening
 */
export function teardown(opening) {
  const audit = getJson("/audit");
  auditSold.add(audit.sold - opening.sold);
  balance.add(opening.sold - audit.sold, { of: "ledger" });
  const { balanced, capacity, available, held, sold, tickets } = audit;
  const right =
    balanced === true && available === 0 && available + held + sold === capacity && tickets === sold;
  if (right) return;
  faults.add(1, { kind: "audit_unbalanced" });
  console.error(`audit: ${JSON.stringify(audit)}`);
}

/** @param {import("./crowd/summary.js").RunData} data */
export function handleSummary(data) {
  const files = { stdout: describe(data, settings) };
  return settings.report ? { ...files, [settings.report]: JSON.stringify(data, null, 2) } : files;
}

/**
 * @param {string} path below the sale
 * @returns {Record<string, any>}
 */
function getJson(path) {
  const url = `${settings.httpBase}/api/sales/${settings.sale}${path}`;
  const response = http.get(url, { timeout: `${settings.replyTimeoutMs}ms` });
  if (response.status !== 200) throw new Error(`GET ${url}: ${response.status} ${response.error}`);
  return /** @type {Record<string, any>} */ (response.json());
}
