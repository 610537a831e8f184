/**
 * What the run proves. Each promise is a check of its own, so that a report says which one was broken. A purchase whose
 * buyer cut the connection before the answer may have happened or not: the audit says how many did, and that number
 * must be possible.
 */
import type { Audit, SaleNow } from "./books.ts";
import type { Outcome } from "./conductor.ts";
import { FAULTS, type Fault, type Sums } from "./tally.ts";
import { number } from "./words.ts";

export interface Evidence {
  /** Before the first purchase. */
  readonly opening: SaleNow;
  /** After the last one; null if it couldn't be read. */
  readonly audit: Audit | null;
  readonly outcome: Outcome;
  readonly noticeWithinMs: number;
}

export const CHECKS = {
  complete: "todos chegaram ao fim",
  stock: "comprados = estoque",
  ledger: "a auditoria vendeu o que os usuários compraram",
  audit: "auditoria fecha",
  remaining_not_negative: '"Estoque restante" nunca negativo',
  remaining_once: '"Estoque restante" nunca repetido',
  remaining_all: "cada valor, do estoque − 1 a 0, respondido exatamente uma vez",
  notice_once: "quem estava antes da última venda ouviu o AVISO exatamente uma vez",
  notice_in_time: "o AVISO chegou no prazo",
  notice_newcomers: "quem chegou depois do fim não ouviu o AVISO",
  stock_falls: "o estoque nunca subiu, nem foi repetido, para nenhuma conexão",
  replies: "cada comando teve a sua resposta, a tempo",
  connections: "cada conexão abriu, e durou",
} as const;

export type CheckName = keyof typeof CHECKS;

export interface Check {
  readonly name: CheckName;
  readonly title: string;
  /** `open`: nothing of it was seen, or the run ended too early to say. */
  readonly state: "kept" | "broken" | "open";
  /** Why, where it was broken. */
  readonly detail: string;
}

export type Verdict = "passed" | "failed" | "interrupted";

/** The checks in the order of `CHECKS`. */
export function judge(evidence: Evidence): Check[] {
  const { interrupted, sums } = evidence.outcome;
  return (Object.keys(CHECKS) as CheckName[]).map((name) => {
    const detail = COMPLAINTS[name](evidence);
    const wasUnseen = NEEDS_TO_BE_SEEN[name]?.(sums.counts) === 0;
    const isOpen = interrupted ? detail === "" || NEEDS_THE_END.has(name) : detail === "" && wasUnseen;
    const state = isOpen ? "open" : detail === "" ? "kept" : "broken";
    return { name, title: CHECKS[name], state, detail: isOpen ? "" : detail };
  });
}

export function verdictOf(checks: readonly Check[], { interrupted }: Outcome): Verdict {
  if (checks.some(({ state }) => state === "broken")) return "failed";
  return interrupted ? "interrupted" : "passed";
}

/** Sales that the books have and nobody was answered; below 0 if the users were answered more. */
export function vanishedSales({ opening, audit, outcome }: Evidence): number | null {
  return audit === null ? null : audit.sold - opening.sold - outcome.sums.counts.bought;
}

/** What is missing in a run that was cut short says nothing. */
const NEEDS_THE_END: ReadonlySet<CheckName> = new Set<CheckName>([
  "complete",
  "stock",
  "ledger",
  "audit",
  "remaining_all",
  "notice_in_time",
]);

/** What must have happened at least once for a check to mean anything. */
const NEEDS_TO_BE_SEEN: Readonly<Partial<Record<CheckName, (counts: Sums["counts"]) => number>>> = {
  notice_once: ({ noticed }) => noticed,
  notice_in_time: ({ noticed }) => noticed,
  notice_newcomers: ({ newcomers }) => newcomers,
};

/** What is wrong, or nothing. */
const COMPLAINTS: Readonly<Record<CheckName, (evidence: Evidence) => string>> = {
  complete: ({ outcome }) => {
    const { phases } = outcome.sums;
    const under =
      phases.arriving + phases.asking + phases.waiting + phases.thinking + phases.buying + phases.listening;
    return told([
      [outcome.died, "processos da multidão que morreram"],
      [under, "usuários que não terminaram"],
      [phases.lost, "usuários que ficaram pelo caminho"],
    ]);
  },
  stock: (evidence) => {
    const { opening, outcome } = evidence;
    const { bought } = outcome.sums.counts;
    const sold = bought + Math.max(0, possiblyVanished(evidence));
    if (sold === opening.available) return "";
    return `${number(bought)} comprados de ${number(opening.available)}`;
  },
  ledger: (evidence) => {
    const { outcome, audit } = evidence;
    const { bought, vanished } = outcome.sums.counts;
    const lost = vanishedSales(evidence);
    if (lost === null) return "a auditoria não pôde ser lida";
    if (lost >= 0 && lost <= vanished) return "";
    const atMost = vanished === 0 ? "" : `, e só ${number(vanished)} compradores sumiram sem resposta`;
    return `vendidos ${number((audit?.sold ?? 0) - evidence.opening.sold)}, respondidos ${number(bought)}${atMost}`;
  },
  audit: ({ audit }) => {
    if (audit === null) return "não pôde ser lida";
    const { balanced, capacity, available, held, sold, tickets } = audit;
    const isRight = balanced && available === 0 && available + held + sold === capacity && tickets === sold;
    return isRight ? "" : JSON.stringify(audit);
  },
  remaining_not_negative: ({ outcome }) =>
    told([
      [outcome.remainings.negative, '"Estoque restante" negativos'],
      [outcome.sums.faults.negative_stock - outcome.remainings.negative, "outros estoques negativos"],
    ]),
  remaining_once: ({ outcome }) => told([[outcome.remainings.repeated, "respostas repetidas"]]),
  remaining_all: (evidence) => {
    const { remainings } = evidence.outcome;
    const missing = remainings.missing - Math.max(0, possiblyVanished(evidence));
    const examples = remainings.examplesMissing(5).map(number).join(", ");
    return told([
      [missing === 0 ? 0 : remainings.missing, `valores que ninguém recebeu (${examples})`],
      [remainings.foreign, "valores acima do estoque"],
    ]);
  },
  notice_once: ({ outcome }) => faults(outcome, ["notice_missing", "notice_repeated", "notice_early"]),
  notice_in_time: ({ outcome, noticeWithinMs }) => {
    const late = faults(outcome, ["notice_late"]);
    return late === "" ? "" : `${late}, de ${number(noticeWithinMs)} ms`;
  },
  notice_newcomers: ({ outcome }) => faults(outcome, ["notice_undue"]),
  stock_falls: ({ outcome }) => faults(outcome, ["stock_rise", "stale_push"]),
  replies: ({ outcome }) => faults(outcome, ["unexpected_reply", "unanswered"]),
  connections: ({ outcome }) => faults(outcome, ["connection_failed", "connection_lost"]),
};

/** Vanished sales as far as they are possible: no more than buyers who vanished unanswered. */
function possiblyVanished(evidence: Evidence): number {
  return Math.min(vanishedSales(evidence) ?? 0, evidence.outcome.sums.counts.vanished);
}

function faults({ sums }: Outcome, kinds: readonly Fault[]): string {
  return told(kinds.map((kind) => [sums.faults[kind], FAULTS[kind]]));
}

function told(parts: readonly (readonly [number, string])[]): string {
  return parts
    .filter(([count]) => count !== 0)
    .map(([count, what]) => `${number(count)} ${what}`)
    .join("; ");
}
