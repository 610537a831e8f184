/**
 * What spike.js, soak.js, watchers.js and api.js share: settings out of the environment, a sale of their own, the sums
 * that must end at zero, and the report. The people are those of the crowd (crowd/person.js).
 *
 * With ADMIN_TOKEN each run makes a sale for itself, so that nobody has to start the server anew. Without, the sale
 * that is named must be the run's alone.
 */
import exec from "k6/execution";
import http from "k6/http";
import { compareBooks } from "./crowd/books.js";
import { expectedFingerprint, newSeed } from "./crowd/fingerprint.js";
import { balance, BALANCES, FAULTS, faults, thresholdsFor } from "./crowd/measures.js";
import { meetSale } from "./crowd/sale.js";
import { addresses } from "./crowd/settings.js";
import { brokenPromises, notRun, row } from "./crowd/summary.js";
import { thousands } from "./crowd/thousands.js";

/**
 * @typedef {import("./crowd/summary.js").RunData} RunData
 * @typedef {{ sale: string, startedAt: number, doorsAt: number, opensAt: number | null, available: number,
 *   sold: number, seed: number }} Opening
 * @typedef {{ refusal: string }} Refused
 * @typedef {ReturnType<typeof readPlace>} Place
 */

/** What these runs watch for beside the crowd's faults. Each script takes the ones that it can see. */
export const MORE_FAULTS = {
  sold_early: "vendas antes da abertura",
  opening_missing: "conexões sem o AVISO de abertura",
  sums_broken: "vezes em que disponíveis + reservados + vendidos ≠ capacidade",
  ends_stale: "conexões que não terminaram no número verdadeiro",
  receipt_changed: "recibos diferentes para a mesma chave",
  mismatch_accepted: "chaves aceitas em outro pedido",
  sockets_left: "conexões que o servidor não fechou",
};

/** What everyone can see who keeps a connection open. @type {ReadonlyArray<keyof typeof FAULTS>} */
export const CONNECTED_FAULTS = [
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
];

export const MORE_BALANCES = { orders: "lugares na ordem de chegada repetidos, pulados ou alheios" };

/** @typedef {keyof typeof FAULTS | keyof typeof MORE_FAULTS} AnyFault */

const ALL_FAULTS = { ...FAULTS, ...MORE_FAULTS };
const ALL_BALANCES = { ...BALANCES, ...MORE_BALANCES };

/** Complaints written out by each VU; beyond them only the counters go on. */
const COMPLAINTS = 5;
let complaints = 0;

/**
 * The numbers of a profile, each of which a variable of its name may change.
 *
 * @template {string} Name
 * @param {Record<string, string | undefined>} env
 * @param {{ full: Record<Name, number>, ci: Record<Name, number> }} profiles
 */
export function readNumbers(env, profiles) {
  const name = env.PROFILE || "full";
  if (name !== "full" && name !== "ci") throw new Error(`PROFILE: full or ci, not ${name}`);
  const entries = Object.entries(profiles[name]).map(([key, standard]) => {
    const value = env[key] ? Number(env[key]) : Number(standard);
    if (!(value > 0)) throw new Error(`${key}: a number above 0, not ${env[key]}`);
    return [key, value];
  });
  return /** @type {Record<Name, number>} */ (Object.fromEntries(entries));
}

/**
 * @param {Record<string, string | undefined>} env
 * @param {{ REPLY_TIMEOUT_S: number }} numbers
 */
export function readPlace(env, numbers) {
  return {
    ...addresses(env),
    adminToken: env.ADMIN_TOKEN || "",
    report: env.REPORT || "",
    replyTimeoutMs: numbers.REPLY_TIMEOUT_S * 1000,
  };
}

/**
 * @param {readonly AnyFault[]} kinds
 * @param {ReadonlyArray<keyof typeof ALL_BALANCES>} sums
 * @param {Record<string, string[]>} [more]
 */
export function thresholds(kinds, sums, more = {}) {
  return { ...thresholdsFor(kinds, sums), ...more };
}

/** Which of the sums a run feeds, and what it expects of them. */
/** @typedef {{ capacity: number, opensInMs?: number, visits: number, orders?: boolean, rampMs: number }} Expected */

/**
 * Makes the sale, or meets the one that is there, and opens every account that must end at zero.
 *
 * @param {Place} place @param {string} name of the script @param {Expected} expected
 * @returns {Opening | Refused}
 */
export function openRun(place, name, expected) {
  const met =
    place.adminToken === "" ? meetExisting(place, expected.capacity) : createSale(place, name, expected);
  if ("refusal" in met) {
    exec.test.fail("a corrida não pôde começar");
    return met;
  }
  const { available, sold, opensAt } = met;
  const seed = newSeed();
  balance.add(-available, { of: "stock" });
  balance.add(-expectedFingerprint(seed, available), { of: "remaining" });
  if (expected.orders === true && sold === 0)
    balance.add(-expectedFingerprint(seed, available), { of: "orders" });
  balance.add(-expected.visits, { of: "visits" });
  const startedAt = Date.now();
  return { ...met, startedAt, doorsAt: opensAt ?? startedAt + expected.rampMs, available, sold, seed };
}

/** The same place, at the sale of this run. @param {Place} place @param {Opening} opening */
export function at(place, { sale }) {
  const url = sale === place.sale ? place.url : `${place.httpBase.replace(/^http/, "ws")}/vendas/${sale}`;
  return { ...place, sale, url };
}

/** @param {Place} place @param {Opening | Refused} opening */
export function closeRun(place, opening) {
  if (!("refusal" in opening)) compareBooks(at(place, opening), opening.sold);
}

/** @param {AnyFault} kind @param {string} what */
export function complain(kind, what) {
  faults.add(1, { kind });
  if (complaints++ < COMPLAINTS) console.error(`${kind}: ${what}`);
}

/**
 * @param {RunData} data @param {Place} place @param {string} title @param {ReadonlyArray<readonly [string, string]>} rows
 */
export function report(data, place, title, rows) {
  const opening = data.setup_data;
  const stdout =
    !opening || "refusal" in opening
      ? notRun(opening ? opening.refusal : "Ninguém chegou a entrar.")
      : describe(data, title, rows);
  return place.report ? { stdout, [place.report]: JSON.stringify(data, null, 2) } : { stdout };
}

/** @param {RunData} data @param {string} title @param {ReadonlyArray<readonly [string, string]>} rows */
function describe(data, title, rows) {
  const promises = brokenPromises(data, ALL_FAULTS, ALL_BALANCES);
  const slow = Object.entries(data.metrics)
    .filter(([name, { thresholds: set }]) => !/^(faults|balance)\{/.test(name) && isCrossed(set))
    .map(([name]) => `${name} passou do limite`);
  const broken = [...promises, ...slow];
  const lines = [
    title,
    ...rows.map(([name, value]) => row(name, value)),
    ...broken.map((what) => row("FALHA", what)),
    `VEREDITO: ${broken.length === 0 ? "APROVADO" : "REPROVADO"}`,
  ];
  return `\n${lines.join("\n")}\n\n`;
}

/** @param {Record<string, { ok: boolean }> | undefined} set */
function isCrossed(set) {
  return Object.values(set ?? {}).some(({ ok }) => !ok);
}

/** @typedef {{ sale: string, opensAt: number | null, available: number, sold: number }} Met */

/** @param {Place} place @param {number} most what the run can buy @returns {Met | Refused} */
function meetExisting(place, most) {
  const met = meetSale(place, most);
  if ("refusal" in met) return met;
  const { available, sold } = met.sale;
  return { sale: place.sale, opensAt: null, available, sold };
}

/** @param {Place} place @param {string} name @param {Expected} expected @returns {Met | Refused} */
function createSale({ httpBase, adminToken, replyTimeoutMs }, name, { capacity, opensInMs }) {
  const sale = `${name}-${newSeed()}`;
  const opensAt = opensInMs === undefined ? null : Date.now() + opensInMs;
  const body = JSON.stringify({ id: sale, title: name, capacity, ...(opensAt === null ? {} : { opensAt }) });
  const headers = { Authorization: `Bearer ${adminToken}`, "Content-Type": "application/json" };
  const response = http.post(`${httpBase}/api/admin/sales`, body, {
    headers,
    timeout: `${replyTimeoutMs}ms`,
  });
  if (response.status === 201) return { sale, opensAt, available: capacity, sold: 0 };
  const why = response.status === 0 ? response.error : `HTTP ${response.status}`;
  return {
    refusal: `A venda de ${thousands(capacity)} ingressos não pôde ser criada em ${httpBase} (${why}): o servidor está no ar, e ADMIN_TOKEN é o dele?`,
  };
}
