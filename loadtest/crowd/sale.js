/** The sale as anybody may read it over HTTP, and whether the crowd can begin there. */
import http from "k6/http";
import { thousands } from "./thousands.js";

/** @typedef {{ httpBase: string, sale: string, replyTimeoutMs: number }} Place */
/** @typedef {{ state: string, available: number, sold: number }} Sale */

/** What it takes to sell, in the words for a sale that doesn't. @type {Readonly<Record<string, string>>} */
const NOT_OPEN = {
  scheduled: "A venda ainda não abriu: espere, ou inicie o servidor sem --opens-at.",
  paused: "A venda está pausada: abra-a antes.",
  closed: "A venda está encerrada, e não abre mais: comece outra com --fresh.",
};

/**
 * @param {Place} place
 * @param {number} most how many tickets the people buy for certain
 * @param {string} [people] who they are
 * @returns {{ sale: Sale } | { refusal: string }} the reason, in one line of Portuguese, why the crowd stays at home
 */
export function meetSale(place, most, people = "a corrida") {
  try {
    const sale = /** @type {Sale} */ (readSale(place, ""));
    const refusal = whyNot(sale, most, people);
    return refusal === undefined ? { sale } : { refusal };
  } catch (cause) {
    return { refusal: noSale(place, String(cause).split(": ").pop() ?? "") };
  }
}

/**
 * @param {Place} place
 * @param {string} path below the sale
 * @returns {Record<string, any>}
 */
export function readSale({ httpBase, sale, replyTimeoutMs }, path) {
  const url = `${httpBase}/api/sales/${sale}${path}`;
  // Without `throw`, k6 warns in words of its own before ours can be said. Its types don't know it.
  const params = { timeout: `${replyTimeoutMs}ms`, throw: true };
  const response = http.get(url, params);
  if (response.status !== 200) throw new Error(`GET ${url}: HTTP ${response.status}`);
  return /** @type {Record<string, any>} */ (response.json());
}

/** @param {Place} place @param {string} cause what k6 or the server said */
function noSale({ httpBase, sale }, cause) {
  if (cause === "HTTP 404") return `Não há venda "${sale}" em ${httpBase}.`;
  return `Não há bilheteria em ${httpBase} (${cause}). Inicie uma em outro terminal, ou diga onde está: -e HTTP_BASE=http://…`;
}

/** @param {Sale} sale @param {number} most @param {string} people */
function whyNot({ state, available }, most, people) {
  if (NOT_OPEN[state] !== undefined) return NOT_OPEN[state];
  if (!(available > 0)) return "Não há ingressos à venda: comece outra venda com --fresh.";
  if (available <= most) return undefined;
  const buy = people === "a corrida" ? "compra" : "compram";
  return (
    `${thousands(available)} ingressos são mais do que ${people} ${buy}: ` +
    `comece outra venda com --fresh --stock ${most}, ou menos.`
  );
}
