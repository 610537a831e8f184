/**
 * More and more people who only watch, and a few who buy: how old is the number that a watcher sees, and how late does
 * it hear the AVISO? Watchers speak JSON, since its messages say when their number became true.
 */
import { clearTimeout, setTimeout } from "k6/timers";
import exec from "k6/execution";
import { Counter, Trend } from "k6/metrics";
import { WebSocket } from "k6/websockets";
import { balance, noticeOnce, noticeOwed } from "./crowd/measures.js";
import { Person } from "./crowd/person.js";
import { count, latency } from "./crowd/summary.js";
import { thousands } from "./crowd/thousands.js";
import { judgeNotices, pause, pauseUntil } from "./crowd/visit.js";
import { at, closeRun, complain, openRun, readNumbers, readPlace, report, thresholds } from "./shared.js";

/** @typedef {import("./shared.js").Opening} Opening */
/** @typedef {import("./shared.js").Refused} Refused */

const numbers = readNumbers(__ENV, {
  full: {
    WATCHERS: 5000,
    WATCHERS_PER_VU: 100,
    BUYERS: 20,
    STOCK: 3000,
    RAMP_S: 40,
    HOLD_S: 20,
    REPLY_TIMEOUT_S: 30,
    FRESH_P95_MS: 2500,
    NOTICE_P99_MS: 2500,
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
const maxDuration = `${Math.ceil(lastsMs / 1000) + 3 * numbers.REPLY_TIMEOUT_S + 10}s`;
const SUBPROTOCOL = "bilheteria.json.v1";

/** Milliseconds between what a number or a notice says of its time and its being heard. */
const freshness = new Trend("freshness", true);
const noticeAge = new Trend("notice_age", true);
const updatesHeard = new Counter("updates_heard");

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
    [
      "unexpected_reply",
      "unanswered",
      "negative_stock",
      "stock_rise",
      "stale_push",
      "notice_missing",
      "notice_repeated",
      "notice_early",
      "connection_failed",
      "connection_lost",
      "audit_unbalanced",
      "sums_broken",
      "ends_stale",
    ],
    ["stock", "ledger", "remaining", "visits"],
    {
      freshness: [`p(95)<${numbers.FRESH_P95_MS}`],
      notice_age: [`p(99)<${numbers.NOTICE_P99_MS}`],
      // Where nothing was measured nothing is proven.
      updates_heard: ["count>0"],
      notice_owed: ["count>0"],
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
  await Promise.all(Array.from({ length: size }, (_, i) => watch(opening, first + i)));
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
    ["Comprados", `${count(data, "tickets_bought")} (o servidor vendeu ${count(data, "audit_sold")})`],
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
  for (let tries = 0; tries < 50 && person.connected && person.notices === 0; tries++) await pause(100);
  judgeNotices(person, false);
  person.leave();
  balance.add(1, { of: "visits" });
}

/** @param {Opening} opening @param {number} index its place among all */
async function watch(opening, index) {
  await pauseUntil(opening.startedAt + (rampMs * index) / WATCHERS);
  const watcher = new Watcher(at(place, opening).url);
  if (await watcher.connect()) {
    const deadline = opening.startedAt + lastsMs + place.replyTimeoutMs;
    while (watcher.connected && watcher.notices === 0 && Date.now() < deadline) await pause(200);
    // Time for a second AVISO, and for the last number.
    await pause(1000);
    watcher.judge();
  }
  watcher.leave();
  balance.add(1, { of: "visits" });
}

/** How far the server's clock is ahead, as the fastest hello of this virtual user shows it. */
let clockAheadMs = -Infinity;

class Watcher {
  connected = false;
  notices = 0;
  /** @type {number | undefined} the newest stock that it was told */
  #told;
  /** Joined before the last sale, since it was told a stock above 0. */
  #sawStock = false;
  #leaving = false;
  #url;
  /** @type {WebSocket | undefined} */
  #socket;

  /** @param {string} url */
  constructor(url) {
    this.#url = url;
  }

  /** Resolves when the first number is there. @returns {Promise<boolean>} */
  connect() {
    return new Promise((resolve) => {
      const socket = new WebSocket(this.#url, null, { headers: { "Sec-WebSocket-Protocol": SUBPROTOCOL } });
      this.#socket = socket;
      const end = (/** @type {string} */ what) => {
        clearTimeout(timer);
        if (!this.#leaving) complain(this.connected ? "connection_lost" : "connection_failed", what);
        this.leave();
        resolve(false);
      };
      const timer = setTimeout(() => end("no stock"), place.replyTimeoutMs);
      socket.addEventListener("open", () => socket.send('{"type":"subscribe"}'));
      socket.addEventListener("message", (event) => {
        if (this.#leaving) return;
        this.#hear("data" in event ? String(event.data) : "", event.timestamp);
        if (this.#told === undefined || this.connected) return;
        this.connected = true;
        clearTimeout(timer);
        resolve(true);
      });
      socket.addEventListener("error", (event) => end("error" in event ? event.error : "error"));
      socket.addEventListener("close", () => end("closed by the server"));
    });
  }

  /** At the end: it knows the truth, and was told once that this is all. */
  judge() {
    if (!this.connected) return;
    if (this.#told !== 0) complain("ends_stale", `${this.#told} left`);
    if (!this.#sawStock) return;
    noticeOwed.add(1);
    if (this.notices === 1) noticeOnce.add(1);
    if (this.notices === 0) complain("notice_missing", "watching since before the last sale");
  }

  leave() {
    this.connected = false;
    if (this.#leaving) return;
    this.#leaving = true;
    this.#socket?.close(1000);
  }

  /** @param {string} text @param {number} heardAt when it left the socket */
  #hear(text, heardAt) {
    const message = JSON.parse(text);
    switch (message.type) {
      case "hello":
        clockAheadMs = Math.max(clockAheadMs, message.serverTime - heardAt);
        return;
      case "stock":
        return this.#learn(message, text, heardAt);
      case "notice":
        return message.kind === "sold_out" ? this.#hearNotice(message, text, heardAt) : undefined;
      case "presence":
        return;
      default:
        complain("unexpected_reply", text);
    }
  }

  /** @param {Record<string, any>} stock @param {string} text @param {number} heardAt */
  #learn({ available, held, sold, capacity, at: trueSince }, text, heardAt) {
    if (available + held + sold !== capacity) complain("sums_broken", text);
    if (available < 0) complain("negative_stock", text);
    const before = this.#told;
    this.#told = available;
    if (available > 0) this.#sawStock = true;
    // The first one answers the subscription; what it tells may be true for hours.
    if (before === undefined) return;
    if (available > before) complain("stock_rise", `${text} after ${before}`);
    if (available === before) complain("stale_push", text);
    updatesHeard.add(1);
    freshness.add(Math.max(0, heardAt + clockAheadMs - trueSince));
  }

  /** @param {Record<string, any>} notice @param {string} text @param {number} heardAt */
  #hearNotice({ at: happenedAt }, text, heardAt) {
    this.notices++;
    if (this.notices > 1) return complain("notice_repeated", text);
    if (this.#told !== 0) complain("notice_early", `${text} after ${this.#told}`);
    noticeAge.add(Math.max(0, heardAt + clockAheadMs - happenedAt));
  }
}
