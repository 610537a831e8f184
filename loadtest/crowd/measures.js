/**
 * What the crowd measures, and what fails the run. k6 can't compare two metrics, so each promise is put as a sum that
 * must be zero at the end: `faults` counts what must never happen, `balance` is fed from both sides of an equation.
 */
import { Counter, Trend } from "k6/metrics";
import { REASONS } from "./line.js";

export const bought = new Counter("tickets_bought");
export const refusals = new Counter("refusals");
export const faults = new Counter("faults");
export const balance = new Counter("balance");

/** Connections that were open before the last sale, and those of them that heard the AVISO exactly once. */
export const noticeOwed = new Counter("notice_owed");
export const noticeOnce = new Counter("notice_once");
/** People whose connection wasn't open yet when the doors opened. */
export const lateArrivals = new Counter("late_arrivals");
export const newcomers = new Counter("newcomers");
export const auditSold = new Counter("audit_sold");

export const queryReply = new Trend("query_reply", true);
export const buyReply = new Trend("buy_reply", true);

/**
 * Milliseconds since the run began, by the one clock that all VUs share: when the COMPRAR that took the last ticket
 * was sent (one sample), and when each connection heard the AVISO. A percentile less a constant is the percentile of
 * the difference, so the summary gets the exact distribution of the time from the last sale to the AVISO.
 */
export const lastSaleSentAt = new Trend("last_sale_sent_at", true);
export const noticeHeardAt = new Trend("notice_heard_at", true);

/** What must never happen, in the words that the summary uses. */
export const FAULTS = {
  unexpected_reply: "respostas inesperadas",
  unanswered: "comandos sem resposta",
  negative_stock: "estoques negativos",
  stock_rise: "vezes em que o estoque subiu",
  stale_push: "ESTOQUE repetidos para a mesma conexão",
  notice_missing: "conexões sem o AVISO",
  notice_repeated: "AVISOs repetidos",
  notice_early: "AVISOs antes de o estoque chegar a 0",
  notice_undue: "AVISOs a quem chegou depois",
  connection_failed: "conexões que não abriram",
  connection_lost: "conexões que caíram",
  audit_unbalanced: "auditoria que não fecha",
};

/** The sums that must end at zero. */
export const BALANCES = {
  stock: "ingressos comprados além (+) ou aquém (-) do estoque",
  ledger: "ingressos que os usuários contaram a mais (+) ou a menos (-) que o servidor",
  remaining: '"Estoque restante" repetido, pulado ou alheio',
  visits: "visitas que não terminaram",
};

/** @typedef {keyof typeof FAULTS} Fault */

/** @param {readonly string[]} kinds of faults @param {readonly string[]} sums @returns {Record<string, string[]>} */
export function thresholdsFor(kinds, sums) {
  return {
    ...Object.fromEntries(kinds.map((kind) => [`faults{kind:${kind}}`, ["count==0"]])),
    ...Object.fromEntries(sums.map((of) => [`balance{of:${of}}`, ["count==0"]])),
    // These can't fail: k6 only tells a summary about the tags that a threshold names.
    ...Object.fromEntries(REASONS.map((reason) => [`refusals{reason:${reason}}`, ["count>=0"]])),
  };
}

export const thresholds = thresholdsFor(Object.keys(FAULTS), Object.keys(BALANCES));
