/**
 * A crowd of people at the box office, for k6: each connects and keeps the connection, asks how many tickets are left,
 * thinks, buys, listens for the AVISO, and begins again, 10 to 20 times. See README.md for how to run it.
 *
 * One k6 user (VU) carries many people, because a VU costs megabytes and a person costs a socket; VUs share no
 * memory, so whatever concerns the whole crowd is a sum that must end at zero (crowd/measures.js).
 */
import exec from "k6/execution";
import { compareBooks } from "./crowd/books.js";
import { expectedFingerprint, newSeed } from "./crowd/fingerprint.js";
import { balance, thresholds } from "./crowd/measures.js";
import { Person } from "./crowd/person.js";
import { meetSale } from "./crowd/sale.js";
import { readSettings } from "./crowd/settings.js";
import { describe } from "./crowd/summary.js";
import { thousands } from "./crowd/thousands.js";
import { arriveLate, visit } from "./crowd/visit.js";

/** @typedef {{ startedAt: number, doorsAt: number, available: number, sold: number, seed: number }} Opening */
/** Why the crowd stays at home. @typedef {{ refusal: string }} Refused */

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

/**
 * Reads what is for sale, and opens every account that the crowd must bring to zero. Where it can't begin, the run is
 * marked as failed (exit code 110) and goes on with nothing to do: an exception would reach the terminal as a stack.
 *
 * @returns {Opening | Refused}
 */
export function setup() {
  const { users, roundsMin } = settings;
  const met = meetSale(settings, users * roundsMin, `${thousands(users)} usuários com ${roundsMin} rodadas`);
  if ("refusal" in met) {
    exec.test.fail("a multidão não pôde começar");
    return met;
  }
  const { available, sold } = met.sale;
  const seed = newSeed();
  balance.add(-available, { of: "stock" });
  balance.add(-expectedFingerprint(seed, available), { of: "remaining" });
  balance.add(-settings.users, { of: "visits" });
  const startedAt = Date.now();
  return { startedAt, doorsAt: startedAt + settings.rampMs, available, sold, seed };
}

/** @param {Opening | Refused} opening */
export default async function crowd(opening) {
  if ("refusal" in opening) return;
  const first = exec.scenario.iterationInTest * settings.usersPerVu;
  const size = Math.min(settings.usersPerVu, settings.users - first);
  const people = Array.from({ length: size }, () => new Person(settings, opening));
  await Promise.all(people.map((person, index) => visit(person, settings, opening, first + index)));
  if (people.some((person) => person.knowsSoldOut)) await arriveLate(new Person(settings, opening), settings);
}

/** @param {Opening | Refused} opening */
export function teardown(opening) {
  if (!("refusal" in opening)) compareBooks(settings, opening.sold);
}

/** @param {import("./crowd/summary.js").RunData} data */
export function handleSummary(data) {
  const files = { stdout: describe(data, settings) };
  return settings.report ? { ...files, [settings.report]: JSON.stringify(data, null, 2) } : files;
}
