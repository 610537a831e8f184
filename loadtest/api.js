/**
 * Programs that buy over HTTP, each purchase with a key, and don't trust the network: they send the same purchase twice
 * at once, again later, and now and then another one under the same key. A key must buy once, and always get the same
 * receipt.
 */
import exec from "k6/execution";
import http from "k6/http";
import { sleep } from "k6";
import { Counter, Trend } from "k6/metrics";
import { balance, bought, refusals } from "./crowd/measures.js";
import { weight } from "./crowd/fingerprint.js";
import { count, latency, soldByServer } from "./crowd/summary.js";
import { thousands } from "./crowd/thousands.js";
import { at, closeRun, complain, openRun, readNumbers, readPlace, report, thresholds } from "./shared.js";

/** @typedef {import("./shared.js").Opening} Opening */
/** @typedef {import("./shared.js").Refused} Refused */

const numbers = readNumbers(__ENV, {
  full: { PROGRAMS: 50, BUYS: 100, STOCK: 4000, PAUSE_MS: 200, REPLY_TIMEOUT_S: 30, BUY_P99_MS: 1000 },
  ci: { PROGRAMS: 20, BUYS: 20, STOCK: 300, PAUSE_MS: 200, REPLY_TIMEOUT_S: 10, BUY_P99_MS: 5000 },
});
const place = readPlace(__ENV, numbers);
const { PROGRAMS, BUYS, STOCK } = numbers;
/** Every so manieth purchase is sent twice at once, is sent again, is sent again with another quantity. */
const TWICE = 3;
const AGAIN = 2;
const OTHERWISE = 4;

const purchaseReply = new Trend("purchase_reply", true);
const repeats = new Counter("repeats");
const mismatches = new Counter("mismatches");

export const options = {
  scenarios: {
    api: { executor: "per-vu-iterations", vus: PROGRAMS, iterations: BUYS, maxDuration: "60m" },
  },
  thresholds: thresholds(
    ["unexpected_reply", "negative_stock", "audit_unbalanced", "receipt_changed", "mismatch_accepted"],
    ["stock", "ledger", "remaining", "orders", "visits"],
    { purchase_reply: [`p(99)<${numbers.BUY_P99_MS}`] },
  ),
  summaryTrendStats: ["count", "min", "med", "p(95)", "p(99)", "max"],
  // Statuses that are right here; k6's own count of failed requests would be wrong.
  systemTags: ["scenario", "status", "method"],
};

export function setup() {
  const capacity = Math.min(STOCK, PROGRAMS * BUYS);
  return openRun(place, "api", { capacity, rampMs: 0, visits: PROGRAMS * BUYS, orders: true });
}

/** @param {Opening | Refused} opening */
export default function buyWithKey(opening) {
  if ("refusal" in opening) return;
  const index = exec.scenario.iterationInTest;
  const key = `k6-${opening.seed.toString(36)}-${index}`;
  const first = index % TWICE === 0 ? buyTwiceAtOnce(opening, key) : buy(opening, key, 1);
  const receipt = judgeFirst(opening, first);
  if (index % AGAIN === 0) judgeRepeat(first, buy(opening, key, 1));
  if (receipt && index % OTHERWISE === 0) judgeOtherwise(opening, key);
  sleep((numbers.PAUSE_MS * (0.5 + Math.random())) / 1000);
  balance.add(1, { of: "visits" });
}

/** @param {Opening | Refused} opening */
export function teardown(opening) {
  closeRun(place, opening);
}

/** @param {import("./crowd/summary.js").RunData} data */
export function handleSummary(data) {
  return report(data, place, `${thousands(PROGRAMS)} programas compram por HTTP, com chave`, [
    ["Comprados", `${count(data, "tickets_bought")} (${soldByServer(data)})`],
    ["Esgotado", `${count(data, "refusals{reason:sold_out}")} respostas`],
    ["Repetidos", `${count(data, "repeats")} pedidos com a mesma chave, mesmo recibo`],
    ["Recusados", `${count(data, "mismatches")} chaves em outro pedido`],
    ["POST", latency(data.metrics.purchase_reply)],
  ]);
}

/** @typedef {{ status: number, text: string, body: Record<string, any> }} Reply */

/** @param {Opening} opening @param {string} key @param {number} quantity @returns {Reply} */
function buy(opening, key, quantity) {
  const { method, url, body, params } = request(opening, key, quantity);
  return read(http.request(method, url, body, params));
}

/** The network delivered it twice: both must get the same. @param {Opening} opening @param {string} key */
function buyTwiceAtOnce(opening, key) {
  const [one, two] = http.batch([request(opening, key, 1), request(opening, key, 1)]).map(read);
  judgeRepeat(/** @type {Reply} */ (one), /** @type {Reply} */ (two));
  return /** @type {Reply} */ (one);
}

/** @param {Opening} opening @param {string} key @param {number} quantity */
function request(opening, key, quantity) {
  const { httpBase, sale, replyTimeoutMs } = at(place, opening);
  return {
    method: "POST",
    url: `${httpBase}/api/sales/${sale}/purchases`,
    body: JSON.stringify({ quantity, buyer: `k6-${exec.vu.idInTest}` }),
    params: {
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
      timeout: `${replyTimeoutMs}ms`,
    },
  };
}

/** @param {import("k6/http").RefinedResponse<any>} response @returns {Reply} */
function read({ status, body, timings }) {
  purchaseReply.add(timings.duration);
  const text = typeof body === "string" ? body : "";
  try {
    return { status, text, body: JSON.parse(text) };
  } catch {
    return { status, text, body: {} };
  }
}

/** @param {Opening} opening @param {Reply} reply @returns {boolean} whether it bought */
function judgeFirst(opening, { status, text, body }) {
  if (status === 409 && body.reason === "sold_out") {
    refusals.add(1, { reason: "sold_out" });
    return false;
  }
  const { remaining, order, tickets } = body;
  if (status !== 201 || !Number.isInteger(remaining) || tickets?.length !== 1) {
    complain("unexpected_reply", `${status} ${text}`);
    return false;
  }
  if (remaining < 0) complain("negative_stock", text);
  bought.add(1);
  balance.add(1, { of: "stock" });
  balance.add(1, { of: "ledger" });
  balance.add(weight(opening.seed, remaining), { of: "remaining" });
  // The places 1, 2, 3, … of a sale of which nothing was sold before.
  if (opening.sold === 0) balance.add(weight(opening.seed, order - 1), { of: "orders" });
  return true;
}

/** @param {Reply} first @param {Reply} again */
function judgeRepeat(first, again) {
  repeats.add(1);
  if (first.status === 201 && (again.status !== 201 || again.text !== first.text)) {
    complain("receipt_changed", `${again.status} ${again.text} after ${first.text}`);
  } else if (first.status !== again.status) {
    complain("unexpected_reply", `${again.status} ${again.text} after ${first.status}`);
  }
}

/** @param {Opening} opening @param {string} key */
function judgeOtherwise(opening, key) {
  const { status, text, body } = buy(opening, key, 2);
  if (status === 422 && body.reason === "idempotency_mismatch") mismatches.add(1);
  else complain("mismatch_accepted", `${status} ${text}`);
}
