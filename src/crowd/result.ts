/** The run as a program reads it, and as a person does. */
import type { Audit, SaleNow } from "./books.ts";
import type { Outcome } from "./conductor.ts";
import type { Percentiles } from "./histogram.ts";
import { sumPlans, type CrowdPlan } from "./plan.ts";
import type { Range } from "./random.ts";
import type { Addresses } from "./meeting.ts";
import { judge, vanishedSales, verdictOf, type Check, type Verdict } from "./verdict.ts";
import { clockTime, milliseconds, number } from "./words.ts";

/** What `--json` prints. */
export interface CrowdResult {
  readonly verdict: Verdict;
  readonly seed: number;
  readonly users: Readonly<Record<"all" | "ws" | "tcp" | "unruly", number>>;
  readonly rounds: Range & { readonly planned: number; readonly played: number };
  readonly thinkMs: Range;
  readonly listenMs: Range;
  readonly addresses: Addresses;
  readonly processes: number;
  readonly elapsedMs: number;
  /** For sale before the first purchase. */
  readonly available: number;
  readonly bought: number;
  readonly soldOut: number;
  readonly busy: number;
  readonly otherRefusals: number;
  readonly notices: Readonly<Record<"heard" | "owed" | "heardOnce" | "newcomers", number>>;
  /** In milliseconds. */
  readonly latencies: Readonly<Record<"query" | "buy" | "notice", Percentiles>>;
  readonly chaos: {
    readonly cuts: number;
    readonly rubbish: number;
    readonly slowReads: number;
    /** COMPRARs whose sender vanished before the answer, and how many of them bought; null without an audit. */
    readonly unanswered: number;
    readonly sales: number | null;
  } | null;
  readonly audit: Audit | null;
  readonly checks: readonly Check[];
  /** The first of what was wrong, in words. */
  readonly complaints: readonly string[];
}

export interface Run {
  readonly plan: CrowdPlan;
  readonly addresses: Addresses;
  readonly opening: SaleNow;
  readonly audit: Audit | null;
  readonly outcome: Outcome;
  readonly noticeWithinMs: number;
}

export function describeResult(run: Run): CrowdResult {
  const { plan, addresses, opening, audit, outcome } = run;
  const { counts, query, buy, notice, complaints } = outcome.sums;
  const { rounds, unruly } = sumPlans(plan);
  const checks = judge(run);
  return {
    verdict: verdictOf(checks, outcome),
    seed: plan.seed,
    users: { all: plan.users, ...usersBy(plan), unruly },
    rounds: { ...plan.rounds, planned: rounds, played: counts.rounds },
    thinkMs: plan.thinkMs,
    listenMs: plan.listenMs,
    addresses,
    processes: outcome.processes,
    elapsedMs: Math.round(outcome.elapsedMs),
    available: opening.available,
    bought: counts.bought,
    soldOut: counts.soldOut,
    busy: counts.busy,
    otherRefusals: counts.otherRefusals,
    notices: {
      heard: counts.noticed,
      owed: counts.owed,
      heardOnce: counts.heardOnce,
      newcomers: counts.newcomers,
    },
    latencies: { query, buy, notice },
    chaos:
      plan.unruly === 0
        ? null
        : {
            cuts: counts.cuts,
            rubbish: counts.rubbish,
            slowReads: counts.slowReads,
            unanswered: counts.vanished,
            sales: vanishedSales(run),
          },
    audit,
    checks,
    complaints,
  };
}

/** People take turns between the transports. */
export function usersBy({ users, transports }: CrowdPlan): Record<"ws" | "tcp", number> {
  const share = (transport: "ws" | "tcp"): number => {
    const turn = transports.indexOf(transport);
    return turn === -1 ? 0 : Math.ceil((users - turn) / transports.length);
  };
  return { ws: share("ws"), tcp: share("tcp") };
}

const VERDICTS: Readonly<Record<Verdict, string>> = {
  passed: "APROVADO",
  failed: "REPROVADO",
  interrupted: "INTERROMPIDO",
};

const MARKS = { kept: "ok   ", broken: "FALHA", open: "  –  " } as const;

/** The table for a person, in Portuguese. */
export function resultTable(result: CrowdResult): string {
  const { chaos, complaints, checks, verdict } = result;
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
    `VEREDITO: ${VERDICTS[verdict]}${verdict === "interrupted" ? " (relatório parcial)" : ""}`,
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
