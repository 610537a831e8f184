/** What one process of the crowd counted; and the same as it travels to the one that adds them up. */
import { Histogram, type Percentiles, type SparseCounts } from "./histogram.ts";

/** What must never happen, in the words of the report. */
export const FAULTS = {
  unexpected_reply: "respostas inesperadas",
  unanswered: "comandos sem resposta a tempo",
  negative_stock: "estoques negativos",
  stock_rise: "vezes em que o estoque subiu",
  stale_push: "ESTOQUE repetidos para a mesma conexão",
  notice_missing: "conexões sem o AVISO",
  notice_repeated: "AVISOs repetidos",
  notice_late: "AVISOs fora do prazo",
  notice_early: "AVISOs antes de o estoque chegar a 0",
  notice_undue: "AVISOs a quem chegou depois do fim",
  connection_failed: "conexões que não abriram",
  connection_lost: "conexões que caíram",
} as const;

export type Fault = keyof typeof FAULTS;

/** Where people are, in the words of the live view; they are told in this order. */
export const PHASES = {
  arriving: "chegando",
  asking: "consultando",
  waiting: "à porta",
  thinking: "pensando",
  buying: "comprando",
  listening: "ouvindo",
  finished: "prontos",
  lost: "perdidos",
} as const;

export type Phase = keyof typeof PHASES;

const COUNTS = [
  "rounds",
  "bought",
  "soldOut",
  "busy",
  "otherRefusals",
  /** Connections that heard the AVISO at least once. */
  "noticed",
  /** Connections that are certainly owed the AVISO and still open; and those of them that heard it exactly once. */
  "owed",
  "heardOnce",
  "newcomers",
  "cuts",
  "rubbish",
  "slowReads",
  /** COMPRARs whose sender cut the connection before the answer: each of them may have bought. */
  "vanished",
] as const;

export type Count = (typeof COUNTS)[number];

/** The sum so far; only `remainings` is what is new since the last news. */
export interface News {
  readonly phases: Readonly<Record<Phase, number>>;
  readonly counts: Readonly<Record<Count, number>>;
  readonly faults: Readonly<Record<Fault, number>>;
  readonly query: SparseCounts;
  readonly buy: SparseCounts;
  /** From the last sale to the AVISO; empty before the end. */
  readonly notice: SparseCounts;
  /** Each "Estoque restante" that somebody was answered. */
  readonly remainings: readonly number[];
  readonly complaints: readonly string[];
  /** The smallest stock that anybody was told; null before the first. */
  readonly lowest: number | null;
  /** When the COMPRAR was sent that was answered with 0; null where nobody was. */
  readonly lastSaleSentAt: number | null;
  /** When somebody was told first that nothing is left. */
  readonly firstZeroAt: number | null;
}

/** What all processes counted together. */
export interface Sums extends Omit<News, "query" | "buy" | "notice" | "remainings"> {
  readonly query: Percentiles;
  readonly buy: Percentiles;
  readonly notice: Percentiles;
}

export class Tally {
  readonly phases = zeros(Object.keys(PHASES) as Phase[]);
  readonly counts = zeros(COUNTS);
  readonly faults = zeros(Object.keys(FAULTS) as Fault[]);
  readonly query = new Histogram();
  readonly buy = new Histogram();
  readonly notice = new Histogram();
  lowest: number | null = null;
  lastSaleSentAt: number | null = null;
  firstZeroAt: number | null = null;
  readonly #mostComplaints: number;
  readonly #complaints: string[] = [];
  #remainings: number[] = [];

  /** @param mostComplaints written out; beyond them faults are only counted. */
  constructor(mostComplaints: number) {
    this.#mostComplaints = mostComplaints;
  }

  /** @param what an example, for whoever has to find out. */
  complain(fault: Fault, what: string): void {
    this.faults[fault] += 1;
    if (this.#complaints.length < this.#mostComplaints) this.#complaints.push(`${FAULTS[fault]}: ${what}`);
  }

  remain(left: number): void {
    this.#remainings.push(left);
  }

  /** To be called once for each time that it is told. */
  news(): News {
    const remainings = this.#remainings;
    this.#remainings = [];
    return {
      phases: this.phases,
      counts: this.counts,
      faults: this.faults,
      query: this.query.sparse(),
      buy: this.buy.sparse(),
      notice: this.notice.sparse(),
      remainings,
      complaints: this.#complaints,
      lowest: this.lowest,
      lastSaleSentAt: this.lastSaleSentAt,
      firstZeroAt: this.firstZeroAt,
    };
  }
}

/** @param all the newest of each process. @param mostComplaints that are told of them all. */
export function sumUp(all: readonly News[], mostComplaints: number): Sums {
  return {
    phases: added(
      Object.keys(PHASES) as Phase[],
      all.map(({ phases }) => phases),
    ),
    counts: added(
      COUNTS,
      all.map(({ counts }) => counts),
    ),
    faults: added(
      Object.keys(FAULTS) as Fault[],
      all.map(({ faults }) => faults),
    ),
    query: percentiles(all.map(({ query }) => query)),
    buy: percentiles(all.map(({ buy }) => buy)),
    notice: percentiles(all.map(({ notice }) => notice)),
    complaints: all.flatMap(({ complaints }) => complaints).slice(0, mostComplaints),
    lowest: least(all.map(({ lowest }) => lowest)),
    lastSaleSentAt: least(all.map(({ lastSaleSentAt }) => lastSaleSentAt)),
    firstZeroAt: least(all.map(({ firstZeroAt }) => firstZeroAt)),
  };
}

export function least(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function percentiles(all: readonly SparseCounts[]): Percentiles {
  const sum = new Histogram();
  for (const counts of all) sum.merge(counts);
  return sum.percentiles();
}

function zeros<K extends string>(names: readonly K[]): Record<K, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<K, number>;
}

function added<K extends string>(
  names: readonly K[],
  all: readonly Readonly<Record<K, number>>[],
): Record<K, number> {
  const sum = zeros(names);
  for (const counts of all) for (const name of names) sum[name] += counts[name];
  return sum;
}
