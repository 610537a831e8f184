/**
 * More and more people who only watch, and a few who buy: how old is the number that a watcher sees, and how late does
 * it hear the AVISO? Watchers speak JSON, since its messages say when their number became true.
 */
import exec from "k6/execution";
import { balance } from "./crowd/measures.js";
import { Person } from "./crowd/person.js";
import { readSale } from "./crowd/sale.js";
import { count, latency, soldByServer } from "./crowd/summary.js";
import { thousands } from "./crowd/thousands.js";
import { awaitNotice, judgeNotices, pause, pauseUntil } from "./crowd/visit.js";
import { Watcher } from "./crowd/watcher.js";
import {
  at,
  closeRun,
  CONNECTED_FAULTS,
  openRun,
  readNumbers,
  readPlace,
  report,
  thresholds,
} from "./shared.js";

/** @typedef {import("./shared.js").Opening} Opening */
/** @typedef {import("./shared.js").Refused} Refused */

const numbers = readNumbers(__ENV, {
  full: {
    WATCHERS: 2000,
    WATCHERS_PER_VU: 100,
    BUYERS: 30,
    STOCK: 3000,
    RAMP_S: 40,
    HOLD_S: 20,
    REPLY_TIMEOUT_S: 30,
    FRESH_P95_MS: 5000,
    NOTICE_P99_MS: 5000,
  },
  ci: {
    WATCHERS: 300,
    WATCHERS_PER_VU: 50,
    BUYERS: 10,
    STOCK: 300,
    RAMP_S: 6,
    HOLD_S: 4,
    REPLY_TIMEOUT_S: 10,
    FRESH_P95_MS: 5000,
    NOTICE_P99_MS: 5000,
  },
});
const place = readPlace(__ENV, numbers);
const { WATCHERS, WATCHERS_PER_VU, BUYERS } = numbers;
/** Whole shares, so that the last ticket is certainly bought. */
const EACH = Math.ceil(numbers.STOCK / BUYERS);
const rampMs = numbers.RAMP_S * 1000;
const lastsMs = rampMs + numbers.HOLD_S * 1000;
const ASK_EVERY_MS = 3000;
/** A busy machine sells more slowly than it was asked to. */
const maxDuration = `${Math.ceil((4 * lastsMs) / 1000) + 3 * numbers.REPLY_TIMEOUT_S + 10}s`;

export const options = {
  scenarios: {
    watchers: {
      executor: "per-vu-iterations",
      vus: Math.ceil(WATCHERS / WATCHERS_PER_VU),
      iterations: 1,
      maxDuration,
      exec: "watchers",
    },
    buyers: { executor: "per-vu-iterations", vus: 1, iterations: 1, maxDuration, exec: "buyers" },
  },
  thresholds: thresholds(
    [...CONNECTED_FAULTS, "sums_broken", "ends_stale"],
    ["stock", "ledger", "remaining", "visits"],
    {
      freshness: [`p(95)<${numbers.FRESH_P95_MS}`],
      notice_age: [`p(99)<${numbers.NOTICE_P99_MS}`],
      // Where nothing was measured nothing is proven.
      updates_heard: ["count>0"],
    },
  ),
  summaryTrendStats: ["count", "min", "med", "p(95)", "p(99)", "max"],
};

export function setup() {
  return openRun(place, "watchers", { capacity: EACH * BUYERS, rampMs: 0, visits: WATCHERS + BUYERS });
}

/** @param {Opening | Refused} opening */
export async function watchers(opening) {
  if ("refusal" in opening) return;
  const first = exec.scenario.iterationInTest * WATCHERS_PER_VU;
  const size = Math.min(WATCHERS_PER_VU, WATCHERS - first);
  const visits = Array.from({ length: size }, (_, i) => watch(opening, first + i));
  await Promise.all([...visits, askForTheEnd(opening)]);
}

/** @param {Opening | Refused} opening */
export async function buyers(opening) {
  if ("refusal" in opening) return;
  await Promise.all(Array.from({ length: BUYERS }, () => buyEvenly(opening)));
}

/** @param {Opening | Refused} opening */
export function teardown(opening) {
  closeRun(place, opening);
}

/** @param {import("./crowd/summary.js").RunData} data */
export function handleSummary(data) {
  return report(data, place, `${thousands(WATCHERS)} pessoas olham, ${thousands(BUYERS)} compram`, [
    ["Comprados", `${count(data, "tickets_bought")} (${soldByServer(data)})`],
    ["Números", `${count(data, "updates_heard")} ouvidos; idade ${latency(data.metrics.freshness)}`],
    ["AVISO", `ouvido exatamente uma vez por ${count(data, "notice_once")} de ${count(data, "notice_owed")}`],
    ["Até o AVISO", latency(data.metrics.notice_age)],
    ["COMPRAR", latency(data.metrics.buy_reply)],
  ]);
}

/** @param {Opening} opening */
async function buyEvenly(opening) {
  const person = new Person(at(place, opening), opening);
  let alive = await person.connect();
  for (let i = 0; i < EACH && alive && !person.knowsSoldOut; i++) {
    await pauseUntil(opening.startedAt + (lastsMs * (i + Math.random())) / EACH);
    alive = await person.ask("COMPRAR");
  }
  await awaitNotice(person, Date.now() + lastsMs + place.replyTimeoutMs, place.replyTimeoutMs);
  judgeNotices(person, false);
  person.leave();
  balance.add(1, { of: "visits" });
}

/** @param {Opening} opening @param {number} index its place among all */
async function watch(opening, index) {
  await pauseUntil(opening.startedAt + (rampMs * index) / WATCHERS);
  const watcher = new Watcher(at(place, opening));
  if (await watcher.connect()) {
    while (watcher.connected && watcher.notices === 0 && !isOverdue()) {
      await pause(200);
      if (watcher.knowsSoldOut) soldOutSince = Math.min(soldOutSince, Date.now());
    }
    // Time for a second AVISO, and for the last number.
    await pause(1000);
    watcher.judge();
  }
  watcher.leave();
  balance.add(1, { of: "visits" });
}

/** When this virtual user knew that everything is gone. How long the sale lasts depends on the machine. */
let soldOutSince = Infinity;

/** Whether whoever hasn't heard the AVISO never will. */
function isOverdue() {
  return Date.now() > soldOutSince + place.replyTimeoutMs;
}

/** Asks now and then whether the sale is over, since nobody here might be told. @param {Opening} opening */
async function askForTheEnd(opening) {
  while (soldOutSince === Infinity) {
    await pause(ASK_EVERY_MS);
    if (readSale(at(place, opening), "").available === 0) soldOutSince = Math.min(soldOutSince, Date.now());
  }
}
