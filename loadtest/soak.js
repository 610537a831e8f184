/**
 * Hours of the same: people who buy now and then, go and come back, until the last ticket is gone at the very end. What
 * grows where nothing should grow (memory, sockets, latency) fails the run, beside the promises of the crowd.
 */
import exec from "k6/execution";
import http from "k6/http";
import { Gauge } from "k6/metrics";
import { balance, buyReply } from "./crowd/measures.js";
import { Person } from "./crowd/person.js";
import { count, latency, otherRefusals, soldByServer } from "./crowd/summary.js";
import { thousands } from "./crowd/thousands.js";
import { awaitNotice, judgeNotices, pause, pauseUntil } from "./crowd/visit.js";
import {
  at,
  closeRun,
  complain,
  CONNECTED_FAULTS,
  openRun,
  readNumbers,
  readPlace,
  report,
  thresholds,
} from "./shared.js";

/** @typedef {import("./shared.js").Opening & { memoryBytes: number, sockets: number }} Opening */
/** @typedef {import("./shared.js").Refused} Refused */

const numbers = readNumbers(__ENV, {
  full: {
    USERS: 1000,
    BUYS: 30,
    STAYS: 5,
    DURATION_S: 3600,
    RAMP_S: 20,
    REPLY_TIMEOUT_S: 30,
    USERS_PER_VU: 50,
    BUY_P99_MS: 1000,
    GROWTH_MIB: 128,
  },
  ci: {
    USERS: 100,
    BUYS: 6,
    STAYS: 3,
    DURATION_S: 12,
    RAMP_S: 2,
    REPLY_TIMEOUT_S: 10,
    USERS_PER_VU: 50,
    BUY_P99_MS: 5000,
    GROWTH_MIB: 256,
  },
});
const place = readPlace(__ENV, numbers);
const { USERS, USERS_PER_VU, BUYS, STAYS } = numbers;
const rampMs = numbers.RAMP_S * 1000;
const durationMs = numbers.DURATION_S * 1000;
const MIB = 1024 * 1024;
/** How often somebody presses again who was told that the server is busy. */
const BUSY_TRIES = 20;
/** The server may keep one answer of /metrics for a second. */
const METRICS_MS = 1500;

const serverGrowth = new Gauge("server_growth_mib");

export const options = {
  scenarios: {
    soak: {
      executor: "per-vu-iterations",
      vus: Math.ceil(USERS / USERS_PER_VU),
      iterations: 1,
      maxDuration: `${numbers.RAMP_S + numbers.DURATION_S + 3 * numbers.REPLY_TIMEOUT_S + 30}s`,
    },
  },
  thresholds: thresholds([...CONNECTED_FAULTS, "sockets_left"], ["stock", "ledger", "remaining", "visits"], {
    "buy_reply{half:first}": [`p(99)<${numbers.BUY_P99_MS}`],
    "buy_reply{half:second}": [`p(99)<${numbers.BUY_P99_MS}`],
    server_growth_mib: [`value<${numbers.GROWTH_MIB}`],
  }),
  summaryTrendStats: ["count", "min", "med", "p(95)", "p(99)", "max"],
};

/** Everybody buys the same number of tickets, so the last one is sold at the end of the time. */
export function setup() {
  const opening = openRun(place, "soak", { capacity: USERS * BUYS, rampMs, visits: USERS });
  return "refusal" in opening ? opening : { ...opening, ...readServer() };
}

/** @param {Opening | Refused} opening */
export default async function soak(opening) {
  if ("refusal" in opening) return;
  const first = exec.scenario.iterationInTest * USERS_PER_VU;
  const size = Math.min(USERS_PER_VU, USERS - first);
  await Promise.all(Array.from({ length: size }, (_, i) => stay(opening, first + i)));
}

/** @param {Opening | Refused} opening */
export async function teardown(opening) {
  closeRun(place, opening);
  if ("refusal" in opening) return;
  await pause(METRICS_MS);
  const { memoryBytes, sockets } = readServer();
  serverGrowth.add((memoryBytes - opening.memoryBytes) / MIB);
  // This run's own HTTP connections may still be there.
  if (sockets > opening.sockets + 10) complain("sockets_left", `${sockets} after ${opening.sockets} before`);
}

/** @param {import("./crowd/summary.js").RunData} data */
export function handleSummary(data) {
  return report(data, place, `${thousands(USERS)} pessoas durante ${thousands(numbers.DURATION_S)} s`, [
    ["Comprados", `${count(data, "tickets_bought")} (${soldByServer(data)})`],
    ["Recusas", otherRefusals(data)],
    ["AVISO", `ouvido exatamente uma vez por ${count(data, "notice_once")} de ${count(data, "notice_owed")}`],
    ["1ª metade", latency(data.metrics["buy_reply{half:first}"])],
    ["2ª metade", latency(data.metrics["buy_reply{half:second}"])],
    ["Memória", `o servidor cresceu ${Math.round(data.metrics.server_growth_mib?.values.value ?? 0)} MiB`],
  ]);
}

/** @param {Opening} opening @param {number} index its place among all */
async function stay(opening, index) {
  await pauseUntil(opening.startedAt + (rampMs * 0.9 * index) / USERS);
  let person = new Person(at(place, opening), opening);
  let alive = await person.connect();
  for (let buy = 0; buy < BUYS && alive; buy++) {
    await pauseUntil(opening.doorsAt + (durationMs * (buy + Math.random())) / BUYS);
    // Goes and comes back, but not shortly before the end: whoever comes after it is owed no AVISO.
    if (buy > 0 && buy < BUYS - 1 && buy % Math.ceil(BUYS / STAYS) === 0) {
      person.leave();
      person = new Person(at(place, opening), opening);
      alive = await person.connect();
    }
    const half = buy < BUYS / 2 ? "first" : "second";
    alive = alive && (await person.ask("CONSULTAR")) && (await buyOne(person, half));
  }
  // Nobody goes home before the last sale, or a lost AVISO could hide behind an early departure.
  await awaitNotice(person, opening.doorsAt + durationMs + place.replyTimeoutMs, place.replyTimeoutMs);
  judgeNotices(person, false);
  person.leave();
  balance.add(1, { of: "visits" });
}

/** @param {Person} person @param {"first" | "second"} half */
async function buyOne(person, half) {
  const wanted = person.purchases + 1;
  for (let tries = 0; tries < BUSY_TRIES && person.purchases < wanted && !person.knowsSoldOut; tries++) {
    if (tries > 0) await pause(100);
    const sentAt = Date.now();
    if (!(await person.ask("COMPRAR"))) return false;
    buyReply.add(Date.now() - sentAt, { half });
  }
  return true;
}

function readServer() {
  const params = { timeout: `${place.replyTimeoutMs}ms`, responseType: /** @type {const} */ ("text") };
  const { body } = http.get(`${place.httpBase}/metrics`, params);
  /** @param {string} name */
  const metric = (name) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(body ?? "")?.[1] ?? 0);
  return {
    memoryBytes: metric("bilheteria_process_resident_memory_bytes"),
    sockets: metric("bilheteria_sockets"),
  };
}
