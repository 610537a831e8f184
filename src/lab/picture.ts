/**
 * The summary as a picture: one bar for each strategy, from nothing to the median of the tickets sold, with a line for
 * the extremes and another where the stock ends. A pure function from numbers to SVG. Colours follow the reader's
 * theme; on their own, without style sheets, they are those of a light page.
 */
import type { StrategySummary, Summary } from "./summary.ts";
import { counted } from "./words.ts";

const WIDTH = 860;
const LEFT = 236;
const RIGHT = 660;
const TOP = 92;
const ROW = 52;
const BAR = 24;

const STYLE = `
  .paper { fill: #fbfaf6 } .ink { fill: #1d2421 } .quiet { fill: #5a655f }
  .axis { stroke: #1d2421 } .grid { stroke: #dcdcd2 } .range { stroke: #1d2421 }
  .fair { fill: #2f7d63 } .wrong { fill: #c3382a } .wrong-ink { fill: #a42a1d } .fair-ink { fill: #1f6650 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #121a17 } .ink { fill: #eef3f0 } .quiet { fill: #a7b5ae }
    .axis { stroke: #eef3f0 } .grid { stroke: #2c3833 } .range { stroke: #eef3f0 }
    .fair { fill: #4fae8d } .wrong { fill: #e8695b } .wrong-ink { fill: #ff9184 } .fair-ink { fill: #7bd3b4 }
  }`;

export function drawSummary(summary: Summary): string {
  const { strategies, stock, buyers, repetitions, work } = summary;
  const most = Math.max(stock, ...strategies.map(({ sold }) => sold.max));
  const x = (tickets: number): number => round(LEFT + ((RIGHT - LEFT) * tickets) / most);
  const bottom = TOP + ROW * strategies.length;
  const height = bottom + 58;
  const title = `${counted(buyers, "comprador")}, ${counted(stock, "ingresso")}: quantos cada estratégia vendeu`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title desc" font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif">`,
    `<title id="title">${escape(title)}</title>`,
    `<desc id="desc">${escape(strategies.map(inWords).join(" "))}</desc>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="paper" width="${WIDTH}" height="${height}" rx="10" fill="#fbfaf6"/>`,
    text(24, 34, escape(title), 'class="ink" font-size="18" font-weight="700"'),
    text(
      24,
      58,
      escape(`Entre ler e gravar: ${work}. ${counted(repetitions, "repetição")}.`),
      'class="quiet" font-size="13"',
    ),
    text(RIGHT + 24, TOP - 10, "no fim", 'class="quiet" font-size="12"'),
    ...strategies.flatMap((strategy, i) => drawRow(strategy, TOP + ROW * i, stock, x)),
    `<line class="axis" x1="${x(stock)}" x2="${x(stock)}" y1="${TOP - 6}" y2="${bottom + 4}" stroke="#1d2421" stroke-width="2" stroke-dasharray="5 4"/>`,
    text(
      x(stock),
      bottom + 22,
      `estoque: ${number(stock)}`,
      'class="ink" font-size="13" font-weight="700" text-anchor="middle"',
    ),
    text(
      24,
      height - 14,
      "barra: mediana; traço: do menor ao maior; em vermelho, o que foi vendido sem existir",
      'class="quiet" font-size="12"',
    ),
    "</svg>",
    "",
  ].join("\n");
}

function drawRow(
  strategy: StrategySummary,
  y: number,
  stock: number,
  x: (tickets: number) => number,
): string[] {
  const { title, sold, counter, lowest, repetitions } = strategy;
  const top = y + (ROW - BAR) / 2;
  const middle = top + BAR / 2;
  const honest = Math.min(sold.median, stock);
  const isWrong = strategy.rightRuns < repetitions;
  const found = describeFound(strategy);
  return [
    `<line class="grid" x1="24" x2="${WIDTH - 24}" y1="${y}" y2="${y}" stroke="#dcdcd2"/>`,
    text(24, middle - 3, escape(title), 'class="ink" font-size="14" font-weight="600"'),
    text(24, middle + 14, escape(found), `class="${isWrong ? "wrong-ink" : "fair-ink"}" font-size="11.5"`),
    `<rect class="fair" x="${x(0)}" y="${top}" width="${round(x(honest) - x(0))}" height="${BAR}" fill="#2f7d63"/>`,
    ...(sold.median > stock
      ? [
          `<rect class="wrong" x="${x(stock)}" y="${top}" width="${round(x(sold.median) - x(stock))}" height="${BAR}" fill="#c3382a"/>`,
        ]
      : []),
    ...(sold.max > sold.min
      ? [
          `<path class="range" d="M${x(sold.min)} ${middle}H${x(sold.max)}M${x(sold.min)} ${middle - 6}v12M${x(sold.max)} ${middle - 6}v12" stroke="#1d2421" stroke-width="1.5" fill="none"/>`,
        ]
      : []),
    text(
      RIGHT + 24,
      middle - 3,
      `${number(sold.median)} vendidos`,
      'class="ink" font-size="14" font-weight="600"',
    ),
    text(
      RIGHT + 24,
      middle + 14,
      `contador ${number(counter.median)}${lowest < Math.min(0, counter.median) ? `, chegou a ${number(lowest)}` : ""}`,
      `class="${isWrong ? "wrong-ink" : "fair-ink"}" font-size="12"`,
    ),
  ];
}

function describeFound({ rightRuns, oversoldRuns, repetitions }: StrategySummary): string {
  const all = number(repetitions);
  if (rightRuns === repetitions) return `certo em ${all} de ${all}`;
  if (oversoldRuns > 0) return `vendeu a mais em ${number(oversoldRuns)} de ${all}`;
  return `contador errado em ${number(repetitions - rightRuns)} de ${all}`;
}

function inWords({ title, sold, counter }: StrategySummary): string {
  return `${title}: ${number(sold.median)} vendidos, contador em ${number(counter.median)}.`;
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${x}" y="${y}" ${attributes}>${content}</text>`;
}

function number(value: number): string {
  return value.toLocaleString("pt-BR").replace("-", "−");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
