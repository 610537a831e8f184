/** The run as a person reads it. */
import type { Percentiles } from "./histogram.ts";
import type { CrowdResult } from "./result.ts";
import type { Verdict } from "./verdict.ts";
import { clockTime, milliseconds, number } from "./words.ts";

const VERDICTS: Readonly<Record<Verdict, string>> = {
  passed: "APROVADO",
  failed: "REPROVADO",
  interrupted: "INTERROMPIDO",
};

const MARKS = { kept: "ok   ", broken: "FALHA", open: "  –  " } as const;

/** The table for a person, in Portuguese. */
export function resultTable(result: CrowdResult): string {
  const { chaos, complaints, checks, verdict, interrupted } = result;
  return [
    "",
    ...figures(result).map(([name, value]) => `  ${name.padEnd(16)} ${value}`),
    ...(chaos === null ? [] : [`  ${"Caos".padEnd(16)} ${chaosWords(chaos)}`]),
    "",
    `  ${"".padEnd(16)} ${HEADER.map((title) => title.padStart(COLUMN)).join("")}`,
    latencyRow("CONSULTAR", result.latencies.query),
    latencyRow("COMPRAR", result.latencies.buy),
    latencyRow("até o AVISO", result.latencies.notice),
    "",
    ...checks.map(
      ({ state, title, detail }) => `  ${MARKS[state]}  ${title}${detail === "" ? "" : `: ${detail}`}`,
    ),
    ...(complaints.length === 0 ? [] : ["", "  Exemplos:", ...complaints.map((text) => `    ${text}`)]),
    "",
    `VEREDITO: ${VERDICTS[verdict]}${interrupted ? " (relatório parcial)" : ""}`,
  ].join("\n");
}

function figures(result: CrowdResult): (readonly [string, string])[] {
  const { users, rounds, processes, elapsedMs, available, bought, audit, notices, seed } = result;
  const sold =
    audit === null ? "a auditoria não pôde ser lida" : `auditoria: ${number(audit.sold)} vendidos ao todo`;
  return [
    [
      "Usuários",
      `${number(users.all)} (${number(users.ws)} ws, ${number(users.tcp)} tcp) em ${number(processes)} ${processes === 1 ? "processo" : "processos"}; semente ${seed}`,
    ],
    ["Rodadas", `${number(rounds.played)} de ${number(rounds.planned)} em ${clockTime(elapsedMs)}`],
    ["Comprados", `${number(bought)} de ${number(available)} (${sold})`],
    ["Esgotado", `${number(result.soldOut)} respostas; ${refusalWords(result)}`],
    [
      "AVISO",
      `ouvido exatamente uma vez por ${number(notices.heardOnce)} de ${number(notices.owed)}; ${number(notices.newcomers)} chegaram depois do fim`,
    ],
  ];
}

function refusalWords({ busy, otherRefusals }: CrowdResult): string {
  if (busy === 0 && otherRefusals === 0) return "nenhuma outra recusa";
  return `servidor ocupado ${number(busy)}, outras recusas ${number(otherRefusals)}`;
}

function chaosWords({
  cuts,
  rubbish,
  slowReads,
  unanswered,
  sales,
}: NonNullable<CrowdResult["chaos"]>): string {
  const bought = sales === null ? "" : `, ${number(sales)} ${sales === 1 ? "comprou" : "compraram"}`;
  return (
    `${number(cuts)} quedas bruscas (${number(unanswered)} COMPRAR sem ouvir a resposta${bought}), ` +
    `${number(rubbish)} mensagens sem sentido, ${number(slowReads)} leituras lentas`
  );
}

const HEADER = ["vezes", "p50", "p95", "p99", "máx"];
const COLUMN = 11;

function latencyRow(name: string, { count, p50, p95, p99, max }: Percentiles): string {
  const cells =
    count === 0 ? ["0", "–", "–", "–", "–"] : [number(count), ...[p50, p95, p99, max].map(milliseconds)];
  return `  ${name.padEnd(16)} ${cells.map((cell) => cell.padStart(COLUMN)).join("")}`;
}
