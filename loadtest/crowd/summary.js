/** The run in a few lines of Portuguese, for whoever stands in front of the terminal. */
import { BALANCES, FAULTS } from "./measures.js";
import { REASONS } from "./line.js";
import { thousands } from "./thousands.js";

/**
 * @typedef {import("../crowd.js").Opening} Opening
 * @typedef {import("../crowd.js").Refused} Refused
 * @typedef {{ values: Record<string, number>, thresholds?: Record<string, { ok: boolean }> }} Metric
 * @typedef {{ metrics: Record<string, Metric>, setup_data?: Opening | Refused }} RunData
 */

/** @param {RunData} data @param {import("./settings.js").Settings} settings */
export function describe(data, settings) {
  const opening = data.setup_data;
  if (!opening) return notRun("A multidão não chegou a entrar.");
  if ("refusal" in opening) return notRun(opening.refusal);
  const broken = brokenPromises(data, FAULTS, BALANCES);
  const verdict = broken.length === 0 ? "APROVADO" : "REPROVADO";
  const lines = [
    `Multidão de ${thousands(settings.users)} usuários, ${settings.roundsMin} a ${settings.roundsMax} rodadas cada`,
    row(
      "Comprados",
      `${count(data, "tickets_bought")} de ${thousands(opening.available)} (${soldByServer(data)})`,
    ),
    row(
      "Esgotado",
      `${count(data, "refusals{reason:sold_out}")} respostas; outras recusas: ${otherRefusals(data)}`,
    ),
    row(
      "AVISO",
      `ouvido exatamente uma vez por ${count(data, "notice_once")} de ${count(data, "notice_owed")}`,
    ),
    row("Até o AVISO", `${sinceLastSale(data)}, desde o envio do último COMPRAR atendido`),
    row("CONSULTAR", latency(data.metrics.query_reply)),
    row("COMPRAR", latency(data.metrics.buy_reply)),
    row(
      "Chegaram",
      `${count(data, "late_arrivals")} atrasados; ${count(data, "newcomers")} depois do fim, sem AVISO`,
    ),
    ...broken.map((what) => row("FALHA", what)),
    `VEREDITO: ${verdict}`,
  ];
  return `\n${lines.join("\n")}\n\n`;
}

/** @param {string} why */
export function notRun(why) {
  return `\n${why}\nVEREDITO: NÃO EXECUTADO\n\n`;
}

/**
 * @param {RunData} data
 * @param {Readonly<Record<string, string>>} faults @param {Readonly<Record<string, string>>} balances with their words
 */
export function brokenPromises(data, faults, balances) {
  const promises = [
    ...Object.entries(faults).map(([kind, words]) => ({ name: `faults{kind:${kind}}`, words })),
    ...Object.entries(balances).map(([of, words]) => ({ name: `balance{of:${of}}`, words })),
  ];
  return promises.flatMap(({ name, words }) => {
    const metric = data.metrics[name];
    const failed = Object.values(metric?.thresholds ?? {}).some((threshold) => !threshold.ok);
    if (!failed) return [];
    if (name === "balance{of:ledger}" && !isAudited(data)) {
      return ["auditoria sem resposta: não se sabe quanto o servidor vendeu"];
    }
    // A difference of fingerprints says that something is wrong, not how much.
    return /of:(remaining|orders)/.test(name)
      ? [words]
      : [`${words}: ${thousands(metric?.values.count ?? 0)}`];
  });
}

/** What the audit said. @param {RunData} data */
export function soldByServer(data) {
  return isAudited(data) ? `o servidor vendeu ${count(data, "audit_sold")}` : "a auditoria não respondeu";
}

/** Whoever didn't answer at the end sold an unknown number, not 0. @param {RunData} data */
function isAudited(data) {
  return data.metrics.audit_sold !== undefined;
}

/** @param {RunData} data */
export function otherRefusals(data) {
  const others = REASONS.filter((reason) => reason !== "sold_out").map((reason) => ({
    reason,
    times: data.metrics[`refusals{reason:${reason}}`]?.values.count ?? 0,
  }));
  const some = others
    .filter(({ times }) => times > 0)
    .map(({ reason, times }) => `${reason} ${thousands(times)}`);
  return some.join(", ") || "nenhuma";
}

/** @param {RunData} data */
export function sinceLastSale(data) {
  const sentAt = data.metrics.last_sale_sent_at?.values.max;
  const heard = data.metrics.notice_heard_at;
  if (sentAt === undefined || !heard?.values.count) return "não medido";
  const shifted = Object.entries(heard.values).map(([name, value]) => [name, value - sentAt]);
  return latency({ values: Object.fromEntries(shifted) });
}

/** @param {Metric | undefined} metric */
export function latency(metric) {
  if (!metric) return "não medido";
  const { med = 0, "p(95)": p95 = 0, "p(99)": p99 = 0, max = 0 } = metric.values;
  const [a, b, c, d] = [med, p95, p99, max].map((value) => thousands(Math.round(value)));
  return `p50 ${a} ms, p95 ${b} ms, p99 ${c} ms, máx ${d} ms`;
}

/** @param {RunData} data @param {string} name */
export function count(data, name) {
  return thousands(data.metrics[name]?.values.count ?? 0);
}

/** @param {string} name @param {string} value */
export function row(name, value) {
  return `  ${name.padEnd(12)} ${value}`;
}
