/** A summary in Portuguese words: for a terminal, and as Markdown for the report. */
import type { ExperimentSettings } from "./experiment.ts";
import { brokenClaims, type Spread, type StrategySummary, type Summary } from "./summary.ts";
import { counted } from "./words.ts";
import { describeWork } from "./work.ts";

const HEADER = [
  "estratégia",
  "“Compra realizada”",
  "contador no fim",
  "vendeu a mais",
  "negativo",
  "deu certo",
  "respostas/s",
] as const;

/** The report for a terminal, below what `describeSetting` said before the experiment began. */
export function describeSummary(summary: Summary): string {
  return [
    ...terminalTable(summary),
    "",
    ...summary.strategies.map(describeStrategy),
    "",
    ...verdict(summary),
  ].join("\n");
}

/** The table as Markdown, without the words around it. */
export function markdownTable({ strategies }: Summary): string {
  const rows = [HEADER, HEADER.map(() => "---"), ...strategies.map(cellsOf)];
  return rows.map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** What is measured. @param threads in which the buyers race, or null. */
export function describeSetting(settings: ExperimentSettings, threads: number | null): string {
  const { buyers, stock, repetitions, work, seed } = settings;
  return [
    `${counted(buyers, "comprador")}, ${counted(stock, "ingresso")}, ${counted(repetitions, "repetição")}; semente ${seed}`,
    `Entre ler e gravar o contador: ${describeWork(work)}`,
    ...(threads === null ? [] : [`Threads de verdade: ${number(threads)}${sharing(buyers, threads)}`]),
  ].join("\n");
}

function sharing(buyers: number, threads: number): string {
  if (buyers === threads) return ", uma para cada comprador";
  return `; cada uma atende cerca de ${counted(Math.round(buyers / threads), "comprador")}, um após o outro`;
}

function terminalTable({ strategies }: Summary): string[] {
  const rows = [[...HEADER], ...strategies.map(cellsOf)];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [lines[0] ?? "", widths.map((width) => "-".repeat(width)).join("  "), ...lines.slice(1)];
}

function cellsOf(strategy: StrategySummary): string[] {
  const { title, repetitions, sold, counter, oversold, oversoldRuns, negativeRuns, lowest, rightRuns } =
    strategy;
  const of = (runs: number): string => `${number(runs)} de ${number(repetitions)}`;
  return [
    title,
    spread(sold),
    spread(counter),
    oversoldRuns === 0 ? of(0) : `${of(oversoldRuns)} (até ${number(oversold.max)})`,
    negativeRuns === 0 ? "não" : `${of(negativeRuns)} (até ${number(lowest)})`,
    of(rightRuns),
    spread(strategy.perSecond),
  ];
}

function describeStrategy({ title, how, repeated, spoiled }: StrategySummary): string {
  const also = [
    ...(repeated.max > 0 ? [`“Estoque restante” repetido: ${spread(repeated)} por repetição`] : []),
    ...(spoiled.max > 0 ? [`tentativas recomeçadas: ${spread(spoiled)} por repetição`] : []),
  ];
  return `${title}: ${[how, ...also].join("; ")}.`;
}

/** What follows from it, sentence by sentence: the luck of the unprotected is said as well. */
export function verdict(summary: Summary): string[] {
  const { buyers, strategies, interrupted } = summary;
  const broken = brokenClaims(summary);
  const isKept = strategies.some(({ isProtected }) => isProtected) && broken.length === 0;
  return [
    ...(interrupted ? ["INTERROMPIDO: o que está acima é o que deu tempo de medir."] : []),
    ...strategies
      .filter(({ isProtected }) => !isProtected)
      .map((strategy) => judgeUnprotected(strategy, buyers)),
    ...broken.map(
      ({ title, repetitions, rightRuns }) =>
        `FALHA: ${title} se diz protegida e errou em ${number(repetitions - rightRuns)} de ${counted(repetitions, "repetição")}.`,
    ),
    ...(isKept ? ["As protegidas não venderam nenhum ingresso a mais, e o contador fechou sempre."] : []),
  ];
}

function judgeUnprotected(
  { title, repetitions, oversoldRuns, rightRuns }: StrategySummary,
  buyers: number,
): string {
  const otherwiseWrong = repetitions - oversoldRuns - rightRuns;
  const why =
    buyers === 1
      ? ": um comprador só não tem com quem se cruzar"
      : " POR SORTE: nada a protege, só ninguém se cruzou desta vez";
  const parts = [
    `${title}: vendeu a mais em ${number(oversoldRuns)} de ${counted(repetitions, "repetição")}`,
    ...(otherwiseWrong > 0
      ? [`em ${number(otherwiseWrong)} vendeu a conta certa com números repetidos ou o contador errado`]
      : []),
    ...(rightRuns > 0 ? [`em ${number(rightRuns)} deu certo${why}`] : []),
  ];
  return `${parts.join("; ")}.`;
}

/** The median, with the extremes where they differ. */
function spread({ min, median, max }: Spread): string {
  return min === max ? number(median) : `${number(median)} (${number(min)} a ${number(max)})`;
}

function number(value: number): string {
  return value.toLocaleString("pt-BR");
}
