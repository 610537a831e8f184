/** The words after `bilheteria lab` become settings here. What it says is Portuguese: it is for a classroom. */
import { parseArgs } from "node:util";
import { LIMITS } from "../limits.ts";
import type { ExperimentSettings } from "../lab/experiment.ts";
import { isStrategyName, STRATEGIES, STRATEGY_NAMES, type Strategy } from "../lab/strategy.ts";
import { readWork, workMs, type Work } from "../lab/work.ts";
import { joinNegativeNumbers } from "../negative-numbers.ts";
import { explainWord } from "./wrong-word.ts";

export interface LabSettings extends ExperimentSettings {
  readonly json: boolean;
  /** Where the picture goes; null for none. */
  readonly svg: string | null;
}

export interface LabFlag {
  /** What the value stands for; switches have none. */
  readonly argument?: string;
  readonly standard?: string;
  readonly help: string;
}

/** Every flag of the lab. The help and docs/relatorio.md follow this table; a test compares them. */
export const LAB_FLAGS = {
  buyers: { argument: "n", standard: "12", help: "compradores ao mesmo tempo" },
  stock: { argument: "n", standard: "10", help: "ingressos no contador" },
  repetitions: { argument: "n", standard: "30", help: "quantas vezes cada estratégia é posta à prova" },
  strategies: {
    argument: "lista",
    standard: STRATEGY_NAMES.join(","),
    help: "quais, separadas por vírgulas",
  },
  work: {
    argument: "trabalho",
    standard: "wait:2",
    help: "entre ler e gravar: none (nada), wait:<ms> (espera) ou spin:<µs> (cálculo)",
  },
  seed: { argument: "n", standard: "1", help: "sorteia quanto dura o trabalho de cada comprador, e só isso" },
  svg: { argument: "arquivo", help: "grava a figura neste arquivo" },
  json: { help: "escreve JSON em vez da tabela" },
} as const satisfies Readonly<Record<string, LabFlag>>;

type LabFlagName = keyof typeof LAB_FLAGS;

/** The command line of the lab can't be used; the message says why, in Portuguese. */
export class LabUsageError extends Error {
  readonly code = "BAD_LAB_USAGE";

  constructor(message: string) {
    super(`${message}. Veja bilheteria lab --help`);
    this.name = "LabUsageError";
  }
}

/** @param args the words after `lab`. @throws {LabUsageError} at the first that is unknown or out of range. */
export function readLabSettings(args: readonly string[]): LabSettings {
  const given = parse(args);
  const text = (name: Exclude<LabFlagName, "json" | "svg">): string => {
    const value = given[name];
    return typeof value === "string" ? value : LAB_FLAGS[name].standard;
  };
  const { lab } = LIMITS;
  const { svg } = given;
  if (svg === "") throw new LabUsageError("--svg: diga o nome do arquivo");
  return {
    buyers: readCount("buyers", text("buyers"), lab.buyers),
    stock: readCount("stock", text("stock"), lab.stock),
    repetitions: readCount("repetitions", text("repetitions"), lab.repetitions),
    seed: readCount("seed", text("seed"), lab.seed, 0),
    strategies: readStrategies(text("strategies")),
    work: readLabWork(text("work")),
    json: given["json"] === true,
    svg: typeof svg === "string" ? svg : null,
  };
}

export function labHelpText(): string {
  const rows = Object.entries<LabFlag>(LAB_FLAGS).map(([name, { argument, standard, help }]) => {
    const left = `  --${name}${argument === undefined ? "" : ` <${argument}>`}`;
    return `${left.padEnd(26)} ${help}${standard === undefined || name === "strategies" ? "" : ` (${standard})`}`;
  });
  return [
    "Uso: bilheteria lab [opções]",
    "",
    "O que acontece com o contador quando ninguém o protege: a mesma corrida, com cada estratégia.",
    "",
    ...rows,
    `${"  --help".padEnd(26)} este texto`,
    "",
    "Estratégias (sem --strategies, todas):",
    ...STRATEGIES.map(
      ({ name, how, isProtected }) =>
        `  ${name.padEnd(12)} ${isProtected ? "protegida" : "SEM proteção"}: ${how}`,
    ),
    "",
    "Sai com 0 se nenhuma estratégia protegida errou, 1 se alguma errou ou algo falhou, 2 se a linha de comando não serve,",
    "130 se foi interrompido com Ctrl+C (com o que já foi medido).",
  ].join("\n");
}

function parse(args: readonly string[]): Record<string, string | boolean | undefined> {
  const options = Object.fromEntries(
    Object.entries<LabFlag>(LAB_FLAGS).map(([name, { argument }]) => [
      name,
      { type: argument === undefined ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  const words = joinNegativeNumbers(args);
  try {
    return parseArgs({ args: words, options, allowPositionals: false, strict: true }).values;
  } catch {
    throw new LabUsageError(explainWord(words, LAB_FLAGS));
  }
}

function readCount(name: string, text: string, max: number, min = 1): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new LabUsageError(
    `--${name} ${text}: use um número inteiro de ${min} a ${max.toLocaleString("pt-BR")}`,
  );
}

/** In the order of the table, whatever order they are asked in. */
function readStrategies(text: string): readonly Strategy[] {
  const asked = text.split(",").map((name) => name.trim());
  for (const name of asked) {
    if (!isStrategyName(name)) {
      throw new LabUsageError(
        `--strategies: não há estratégia ${JSON.stringify(name)}; há ${STRATEGY_NAMES.join(", ")}`,
      );
    }
  }
  return STRATEGIES.filter(({ name }) => asked.includes(name));
}

function readLabWork(text: string): Work {
  const work = readWork(text);
  const { workMs: longest } = LIMITS.lab;
  if (work !== undefined && workMs(work) <= longest) return work;
  throw new LabUsageError(
    `--work ${text}: use none, wait:<ms> ou spin:<µs>, de mais de 0 até ${longest.toLocaleString("pt-BR")} ms`,
  );
}
