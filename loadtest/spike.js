/**
 * Everyone presses at the opening instant. People come while the sale is still closed (some can't wait, press, and are
 * refused), hear that it opens, and press again and again until they hold a ticket or hear that there are none.
 */
import { clearTimeout, setTimeout } from "k6/timers";
import exec from "k6/execution";
import { Trend } from "k6/metrics";
import { balance, lateArrivals } from "./crowd/measures.js";
import { Person } from "./crowd/person.js";
import { count, latency, otherRefusals, soldByServer } from "./crowd/summary.js";
import { thousands } from "./crowd/thousands.js";
import { awaitNotice, judgeNotices, pauseUntil } from "./crowd/visit.js";
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

/** @typedef {import("./shared.js").Opening} Opening */
/** @typedef {import("./shared.js").Refused} Refused */

const numbers = readNumbers(__ENV, {
  full: {
    USERS: 2000,
    STOCK: 1000,
    PRESSES: 3,
    RAMP_S: 15,
    LISTEN_S: 5,
    REPLY_TIMEOUT_S: 30,
    USERS_PER_VU: 50,
    BUY_P99_MS: 5000,
  },
  ci: {
    USERS: 300,
    STOCK: 200,
    PRESSES: 3,
    RAMP_S: 3,
    LISTEN_S: 2,
    REPLY_TIMEOUT_S: 10,
    USERS_PER_VU: 50,
    BUY_P99_MS: 5000,
  },
});
const place = readPlace(__ENV, numbers);
const { USERS, USERS_PER_VU, STOCK, PRESSES } = numbers;
const rampMs = numbers.RAMP_S * 1000;
/** Who comes in time is there before the doors open. */
const opensInMs = rampMs + 500;
/** Every so manieth person can't wait. */
const IMPATIENT = 10;

const soldOutAfter = new Trend("sold_out_after", true);

export const options = {
  scenarios: {
    spike: {
      executor: "per-vu-iterations",
      vus: Math.ceil(USERS / USERS_PER_VU),
      iterations: 1,
      maxDuration: `${Math.ceil(rampMs / 1000) + (PRESSES + 3) * numbers.REPLY_TIMEOUT_S + numbers.LISTEN_S + 10}s`,
    },
  },
  thresholds: thresholds(
    [...CONNECTED_FAULTS, "sold_early", "opening_missing"],
    ["stock", "ledger", "remaining", "visits"],
    {
      buy_reply: [`p(99)<${numbers.BUY_P99_MS}`],
    },
  ),
  summaryTrendStats: ["count", "min", "med", "p(95)", "p(99)", "max"],
};

export function setup() {
  return openRun(place, "spike", {
    capacity: Math.min(STOCK, USERS * PRESSES),
    opensInMs,
    rampMs,
    visits: USERS,
  });
}

/** @param {Opening | Refused} opening */
export default async function spike(opening) {
  if ("refusal" in opening) return;
  const first = exec.scenario.iterationInTest * USERS_PER_VU;
  const size = Math.min(USERS_PER_VU, USERS - first);
  await Promise.all(Array.from({ length: size }, (_, i) => press(opening, first + i)));
}

/** @param {Opening | Refused} opening */
export function teardown(opening) {
  closeRun(place, opening);
}

/** @param {import("./crowd/summary.js").RunData} data */
export function handleSummary(data) {
  return report(data, place, `${thousands(USERS)} pessoas no instante da abertura`, [
    ["Comprados", `${count(data, "tickets_bought")} (${soldByServer(data)})`],
    [
      "Esgotado",
      `${count(data, "refusals{reason:sold_out}")} respostas; outras recusas: ${otherRefusals(data)}`,
    ],
    [
      "Durou",
      `${Math.round(data.metrics.sold_out_after?.values.max ?? 0)} ms da abertura ao último ingresso`,
    ],
    ["AVISO", `ouvido exatamente uma vez por ${count(data, "notice_once")} de ${count(data, "notice_owed")}`],
    ["COMPRAR", latency(data.metrics.buy_reply)],
  ]);
}

/** @param {Opening} opening @param {number} index its place among all */
async function press(opening, index) {
  const person = new Person(at(place, opening), opening);
  const opened = hearsOpening(person);
  await pauseUntil(opening.startedAt + (rampMs * 0.9 * index) / USERS);
  const connected = await person.connect();
  const onTime = connected && Date.now() < opening.doorsAt;
  if (connected && !onTime) lateArrivals.add(1);
  await person.ask("CONSULTAR");
  if (opening.opensAt !== null && onTime) {
    if (index % IMPATIENT === 0 && Date.now() < opening.opensAt - 200) await pressEarly(person);
    await awaitOpening(person, opened, opening);
  } else {
    await pauseUntil(opening.doorsAt);
  }
  for (let presses = 0; presses < PRESSES && person.connected && !person.knowsSoldOut; presses++) {
    await person.ask("COMPRAR");
    if (person.soldLast) soldOutAfter.add(Date.now() - opening.doorsAt);
  }
  await awaitNotice(person, Date.now() + place.replyTimeoutMs, numbers.LISTEN_S * 1000);
  judgeNotices(person, onTime);
  person.leave();
  balance.add(1, { of: "visits" });
}

/** Resolves when the person hears that the sale opens. @param {Person} person @returns {Promise<void>} */
function hearsOpening(person) {
  return new Promise((resolve) => {
    person.onOtherNotice = (text) => {
      if (text === "AVISO: Venda aberta") resolve();
    };
  });
}

/**
 * Until the person, who is there in time, has heard that the sale opens, or should have long ago.
 *
 * @param {Person} person @param {Promise<void>} opened @param {Opening} opening @returns {Promise<void>}
 */
function awaitOpening(person, opened, opening) {
  return new Promise((resolve) => {
    const giveUp = () => {
      if (person.connected) complain("opening_missing", "AVISO: Venda aberta");
      resolve();
    };
    const timer = setTimeout(giveUp, opening.doorsAt - Date.now() + place.replyTimeoutMs);
    void opened.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** @param {Person} person */
async function pressEarly(person) {
  await person.ask("COMPRAR");
  if (person.purchases > 0) complain("sold_early", "COMPRAR before the opening");
}
