/** The sale as anybody may read it over HTTP, and whether the crowd can begin there. */
import http from "k6/http";
import { thousands } from "./thousands.js";

/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {{ state: string, available: number, sold: number }} Sale */

/** What it takes to sell, in the words for a sale that doesn't. @type {Readonly<Record<string, string>>} */
const NOT_OPEN = {
  scheduled: "A venda ainda não abriu: espere, ou inicie o servidor sem --opens-at.",
  paused: "A venda está pausada: abra-a antes.",
  closed: "A venda está encerrada, e não abre mais: comece outra com --fresh.",
};

/**
 * @param {Settings} settings
 * @returns {{ sale: Sale } | { refusal: string }} the reason, in one line of Portuguese, why the crowd stays at home
 */
export function meetSale(settings) {
  try {
    const sale = /** @type {Sale} */ (readSale(settings, ""));
    const refusal = whyNot(sale, settings);
    return refusal === undefined ? { sale } : { refusal };
  } catch (cause) {
    return { refusal: noSale(settings, String(cause).split(": ").pop() ?? "") };
  }
}

/**
 * @param {Settings} settings
 * @param {string} path below the sale
 * @returns {Record<string, any>}
 */
export function readSale(settings, path) {
  const url = `${settings.httpBase}/api/sales/${settings.sale}${path}`;
  // Without `throw`, k6 warns in words of its own before ours can be said. Its types don't know it.
  const params = { timeout: `${settings.replyTimeoutMs}ms`, throw: true };
  const response = http.get(url, params);
  if (response.status !== 200) throw new Error(`GET ${url}: HTTP ${response.status}`);
  return /** @type {Record<string, any>} */ (response.json());
}

/** @param {Settings} settings @param {string} cause what k6 or the server said */
function noSale({ httpBase, sale }, cause) {
  if (cause === "HTTP 404") return `Não há venda "${sale}" em ${httpBase}.`;
  return `Não há bilheteria em ${httpBase} (${cause}). Inicie uma em outro terminal, ou diga onde está: -e HTTP_BASE=http://…`;
}

/** @param {Sale} sale @param {Settings} settings */
function whyNot({ state, available }, { users, roundsMin }) {
  if (NOT_OPEN[state] !== undefined) return NOT_OPEN[state];
  if (!(available > 0)) return "Não há ingressos à venda: comece outra venda com --fresh.";
  const most = users * roundsMin;
  if (available <= most) return undefined;
  return (
    `${thousands(available)} ingressos são mais do que ${thousands(users)} usuários com ${roundsMin} rodadas ` +
    `compram: comece outra venda com --fresh --stock ${most}, ou menos.`
  );
}
