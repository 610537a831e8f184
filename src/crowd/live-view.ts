/** The run while it happens: a picture that is drawn over itself on a terminal, one line a second elsewhere. */
import type { WriteStream } from "node:tty";
import type { Progress } from "./conductor.ts";
import type { Percentiles } from "./histogram.ts";
import { PHASES, type Phase } from "./tally.ts";
import { clockTime, milliseconds, number } from "./words.ts";

/** What doesn't change during a run. */
export interface Scenery {
  readonly users: number;
  /** Of all people together. */
  readonly rounds: number;
  /** For sale before the first purchase. */
  readonly available: number;
}

export interface View {
  show(progress: Progress): void;
  /** Nothing follows; on a terminal the last picture stays. */
  close(): void;
}

const LINE_EVERY_MS = 1_000;
const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
const CLEAR_LINE = "\u001b[K";

export function openView(stream: WriteStream | NodeJS.WritableStream, scenery: Scenery): View {
  return "isTTY" in stream && stream.isTTY ? pictureView(stream, scenery) : lineView(stream, scenery);
}

function pictureView(stream: WriteStream, scenery: Scenery): View {
  let height = 0;
  stream.write(HIDE_CURSOR);
  return {
    show: (progress) => {
      const lines = drawPicture(progress, scenery, stream.columns);
      const up = height === 0 ? "" : `\u001b[${height}A`;
      stream.write(`${up}\r${lines.map((line) => `${line}${CLEAR_LINE}`).join("\n")}\n`);
      height = lines.length;
    },
    close: () => stream.write(SHOW_CURSOR),
  };
}

function lineView(stream: NodeJS.WritableStream, scenery: Scenery): View {
  let shownAt = -Infinity;
  let stage = "";
  return {
    show: (progress) => {
      const now = performance.now();
      if (now - shownAt < LINE_EVERY_MS && (progress.stage !== "ended" || stage === "ended")) return;
      shownAt = now;
      stage = progress.stage;
      stream.write(`${describeLine(progress, scenery)}\n`);
    },
    close: () => {},
  };
}

/** @param columns of the terminal; longer lines are cut, or they would wrap and the picture would climb. */
export function drawPicture(
  { stage, sums, elapsedMs }: Progress,
  scenery: Scenery,
  columns: number,
): string[] {
  const { counts, phases, lowest } = sums;
  const left = lowest ?? scenery.available;
  const width = Math.max(10, Math.min(40, columns - 40));
  const people = (Object.keys(PHASES) as Phase[]).map((phase) => `${PHASES[phase]} ${number(phases[phase])}`);
  return [
    `  Rodadas   ${bar(counts.rounds / scenery.rounds, width)} ${number(counts.rounds)} de ${number(scenery.rounds)}  ${clockTime(elapsedMs)}  ${STAGE_WORDS[stage]}`,
    `  Estoque   ${bar(left / scenery.available, width)} ${number(left)} de ${number(scenery.available)}`,
    `  Usuários  ${people.slice(0, 4).join(" · ")}`,
    `            ${people.slice(4).join(" · ")}`,
    `  Comprados ${number(counts.bought)} · esgotado ${number(counts.soldOut)} · AVISOs ouvidos ${number(counts.noticed)}`,
    `  CONSULTAR ${latency(sums.query)}`,
    `  COMPRAR   ${latency(sums.buy)}`,
  ].map((line) => line.slice(0, Math.max(1, columns - 1)));
}

export function describeLine({ stage, sums, elapsedMs }: Progress, { rounds, available }: Scenery): string {
  const { counts, lowest, buy } = sums;
  const wrong = Object.values(sums.faults).reduce((sum, count) => sum + count, 0);
  return [
    clockTime(elapsedMs),
    STAGE_WORDS[stage],
    `rodadas ${number(counts.rounds)} de ${number(rounds)}`,
    `estoque ${number(lowest ?? available)}`,
    `comprados ${number(counts.bought)}`,
    `esgotado ${number(counts.soldOut)}`,
    `AVISOs ${number(counts.noticed)}`,
    `COMPRAR p50 ${milliseconds(buy.p50)} p99 ${milliseconds(buy.p99)}`,
    ...(wrong === 0 ? [] : [`FALHAS ${number(wrong)}`]),
  ].join("  ");
}

const STAGE_WORDS: Readonly<Record<Progress["stage"], string>> = {
  arriving: "chegando",
  arrived: "todos à porta",
  visiting: "comprando",
  visited: "esperando o AVISO",
  checked: "conferindo",
  ended: "fim",
};

function bar(share: number, width: number): string {
  const full = Math.round(Math.max(0, Math.min(1, share)) * width);
  return `[${"█".repeat(full)}${"░".repeat(width - full)}]`;
}

function latency({ count, p50, p95, p99, max }: Percentiles): string {
  if (count === 0) return "–";
  const [a, b, c, d] = [p50, p95, p99, max].map(milliseconds);
  return `p50 ${a} · p95 ${b} · p99 ${c} · máx ${d} (${number(count)} vezes)`;
}
