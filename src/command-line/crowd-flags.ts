/** The flags of `bilheteria crowd`, its help, and what is said to a wrong word. Portuguese: it is for a classroom. */
import { parseArgs } from "node:util";
import { joinNegativeNumbers } from "../negative-numbers.ts";
import { explainWord } from "./wrong-word.ts";

export interface CrowdFlag {
  /** What the value stands for; switches have none. */
  readonly argument?: string;
  readonly standard?: string;
  readonly repeatable?: true;
  readonly help: string;
}

/** Every flag of the crowd. The help and docs/crowd.md follow this table; a test compares them. */
export const CROWD_FLAGS = {
  users: { argument: "n", standard: "1000", help: "usuários ao mesmo tempo, cada um com a sua conexão" },
  transport: {
    argument: "qual",
    help: "ws, tcp ou both (metade cada um); sem ela, o que --url disser, ou ws",
  },
  rounds: { argument: "a-b", standard: "10-20", help: "quantas vezes cada um consulta e compra" },
  think: { argument: "a-b", standard: "100-2000", help: "milissegundos entre consultar e comprar" },
  listen: { argument: "a-b", standard: "5-10", help: "segundos à escuta do AVISO depois de comprar" },
  url: {
    argument: "endereço",
    standard: "ws://localhost:8080",
    repeatable: true,
    help: "ws://, wss:// ou tcp://; pode ser repetida, uma de cada",
  },
  http: { argument: "endereço", help: "onde está a auditoria; sem ela, no endereço do ws" },
  "notice-within": {
    argument: "ms",
    standard: "5000",
    help: "prazo do AVISO, desde o envio da última compra",
  },
  seed: { argument: "n", help: "repete os sorteios de outra multidão; sem ela, um ao acaso" },
  chaos: { help: "um quinto dos usuários cai no meio, manda o que não é comando ou lê devagar" },
  json: { help: "escreve o relatório em JSON" },
} as const satisfies Readonly<Record<string, CrowdFlag>>;

export type CrowdFlagName = keyof typeof CROWD_FLAGS;
/** The words as they were given, by flag. */
export type Given = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** The command line of the crowd can't be used; the message says why, in Portuguese. */
export class CrowdUsageError extends Error {
  readonly code = "BAD_CROWD_USAGE";

  constructor(message: string) {
    super(`${message}. Veja bilheteria crowd --help`);
    this.name = "CrowdUsageError";
  }
}

export function crowdHelpText(): string {
  const rows = Object.entries<CrowdFlag>(CROWD_FLAGS).map(([name, { argument, standard, help }]) => {
    const left = `  --${name}${argument === undefined ? "" : ` <${argument}>`}`;
    return `${left.padEnd(26)} ${help}${standard === undefined ? "" : ` (${standard})`}`;
  });
  return [
    "Uso: bilheteria crowd [opções]",
    "",
    "Uma multidão na bilheteria: cada usuário conecta, consulta, pensa, compra, escuta o AVISO e recomeça. No fim,",
    "o veredito: foi vendido o estoque, cada ingresso uma vez, e todos ouviram que acabou? A multidão compra tudo o que há:",
    "comece uma venda só para ela, com bilheteria serve --fresh --stock <n>.",
    "",
    ...rows,
    `${"  --help".padEnd(26)} este texto`,
    "",
    "Sai com 0 se tudo o que foi prometido foi cumprido, 1 se algo não foi (ou o servidor caiu no meio), 2 se a linha de",
    "comando não serve, 3 se a multidão não pôde começar, 130 se foi interrompida com Ctrl+C (com o relatório parcial).",
  ].join("\n");
}

/** @throws {CrowdUsageError} at the first word that is unknown, or out of place. */
export function parseCrowdFlags(args: readonly string[]): Given {
  const options = Object.fromEntries(
    Object.entries<CrowdFlag>(CROWD_FLAGS).map(([name, { argument, repeatable }]) => [
      name,
      argument === undefined
        ? { type: "boolean" as const }
        : { type: "string" as const, multiple: repeatable === true },
    ]),
  );
  const words = joinNegativeNumbers(args);
  try {
    return parseArgs({ args: words, options, allowPositionals: false, strict: true }).values;
  } catch {
    throw new CrowdUsageError(explainWord(words, CROWD_FLAGS));
  }
}
