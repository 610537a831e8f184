/**
 * Rounds of one life each: a server starts on what the last one left, every purchase without an answer is asked for
 * again, the books are held against what the buyers remember, a crowd buys, and the process is killed.
 */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanUp } from "../support/cleanup.ts";
import { within } from "../support/inbox.ts";
import { runBilheteria, spawnServer, type ListeningProcess } from "../support/start-server.ts";

import { readBooks, recount } from "./books.ts";
import { loadedFirst } from "./loaded-first.ts";
import { gather } from "./crowd.ts";
import { planRound, randomFrom, type RoundPlan } from "./plan.ts";
import { reckon, type Reckoning } from "./reckoning.ts";
import { Recording } from "./recording.ts";

export interface Figures {
  rounds: number;
  starts: number;
  /** Starts that were killed before they listened. */
  killedStarts: number;
  /** Data directories, and the longest life of one in rounds. */
  directories: number;
  longestLife: number;
  attempts: number;
  answers: number;
  busy: number;
  retries: number;
  /** Of those, the ones that turned out to have been bought before the kill. */
  boughtUnanswered: number;
  /** Answered keys that were sent again. */
  repeats: number;
  tickets: number;
  sightings: number;
  recounts: number;
  /** Starts that found a torn frame; that began from a snapshot. */
  torn: number;
  fromSnapshot: number;
  segments: number;
  lost: number;
  duplicated: number;
  findings: string[];
  /** Where the data of a sale with findings is. */
  kept: string[];
}

export interface CampaignOptions {
  readonly rounds: number;
  readonly seed: number;
  /** Files of this folder that are loaded before the server, to break it: what the rounds have to find. */
  readonly broken?: readonly string[];
  /** Told after each round. */
  readonly onRound?: (round: number, figures: Readonly<Figures>) => void;
}

/** One data directory and what the buyers of its sale remember. */
interface Sale {
  readonly directory: string;
  readonly isSmall: boolean;
  readonly broken: readonly string[];
  readonly recording: Recording;
  /** The list of tickets as the last life showed it. */
  list: string;
  lives: number;
}

const STOCK = 10_000_000;

/** Answered keys that are sent again, in each round. */
const REPEATS = 200;

/** A longer list of tickets costs each further round too much: then a new directory is begun. */
const MAX_ATTEMPTS = 80_000;

export function newFigures(): Figures {
  return {
    rounds: 0,
    starts: 0,
    killedStarts: 0,
    directories: 0,
    longestLife: 0,
    attempts: 0,
    answers: 0,
    busy: 0,
    retries: 0,
    boughtUnanswered: 0,
    repeats: 0,
    tickets: 0,
    sightings: 0,
    recounts: 0,
    torn: 0,
    fromSnapshot: 0,
    segments: 0,
    lost: 0,
    duplicated: 0,
    findings: [],
    kept: [],
  };
}

/**
 * Stops at the first round with findings, and leaves its data directory for inspection.
 *
 * @throws whatever keeps a server from starting, which is a finding of its own.
 */
export async function runCampaign({ rounds, seed, onRound, broken = [] }: CampaignOptions): Promise<Figures> {
  const figures = newFigures();
  const sales = new Map<boolean, Sale>();
  for (let round = 1; round <= rounds; round++) {
    const plan = planRound(seed, round);
    const sale = await saleOf(plan, broken, sales, figures);
    await live(sale, plan, `r${round}`, figures);
    figures.rounds = round;
    onRound?.(round, figures);
    if (figures.findings.length > 0) break;
  }
  const left = [...sales.values()];
  if (figures.findings.length === 0) for (const sale of left) await finish(sale, figures);
  if (figures.findings.length > 0) figures.kept = left.map(({ directory }) => directory);
  return figures;
}

/** The sale of this round; the one before it has its last audit if this is a new one. */
async function saleOf(
  plan: RoundPlan,
  broken: readonly string[],
  sales: Map<boolean, Sale>,
  figures: Figures,
): Promise<Sale> {
  const { isSmall, isFresh } = plan;
  const known = sales.get(isSmall);
  if (known !== undefined && !isFresh && known.recording.attempts.length < MAX_ATTEMPTS) return known;
  if (known !== undefined) await finish(known, figures);
  const directory = await mkdtemp(join(tmpdir(), "bilheteria-crashes-"));
  const sale: Sale = { directory, isSmall, broken, recording: new Recording(), list: "", lives: 0 };
  sales.set(isSmall, sale);
  figures.directories += 1;
  return sale;
}

async function live(sale: Sale, plan: RoundPlan, name: string, figures: Figures): Promise<void> {
  for (const ms of plan.killedStarts) await killStart(sale, ms, figures);
  const server = await start(sale, figures);
  await settle(sale, server, plan.seed, figures);
  if (figures.findings.length > 0) return kill(server);
  const { attempts } = sale.recording;
  const before = attempts.length;
  const crowd = await gather(server, sale.recording, name, plan.seed);
  await pause(plan.sellingMs);
  if (plan.warningMs !== null) {
    server.kill("SIGTERM");
    await pause(plan.warningMs);
  }
  await kill(server);
  await within(crowd.over, "the crowd notices");
  await cleanUp();
  sale.lives += 1;
  figures.longestLife = Math.max(figures.longestLife, sale.lives);
  figures.attempts += attempts.length - before;
  for (const { receipts, isRefused } of attempts.slice(before)) {
    figures.answers += receipts.length;
    if (isRefused) figures.busy += 1;
  }
  figures.findings.push(...crowd.surprises.map((text) => `surprise: ${text}`));
}

/** The last life of a sale: everything is asked for again, audited, counted anew, and stopped in good order. */
async function finish(sale: Sale, figures: Figures): Promise<void> {
  const server = await start(sale, figures);
  const tickets = await settle(sale, server, 0, figures);
  const { digest, sold } = await recount(server.httpPort);
  const books = await readBooks(server.httpPort);
  figures.recounts += 1;
  if (digest !== books.digest || sold !== books.sold) figures.findings.push("a recount finds other books");
  server.kill("SIGTERM");
  const exit = await within(server.exit, "the server stops");
  if (exit !== 0) figures.findings.push(`SIGTERM ended with ${exit}: ${server.errors()}`);
  await cleanUp();
  figures.tickets += tickets;
  figures.sightings += sale.recording.sightings.length;
  const names = await readdir(join(sale.directory, "journal"));
  figures.segments += names.filter((file) => file.endsWith(".log")).length;
  if (figures.findings.length === 0) await rm(sale.directory, { recursive: true });
}

/** @returns the tickets in the books. */
async function settle(sale: Sale, server: ListeningProcess, seed: number, figures: Figures): Promise<number> {
  const { findings, before, books, retried, repeated } = await reckon(server, sale.recording, {
    repeats: REPEATS,
    random: randomFrom(seed),
  });
  if (!before.list.startsWith(sale.list)) {
    figures.findings.push(`the list of tickets of the last life isn't the beginning of this one's`);
  }
  note(findings, figures);
  figures.retries += retried;
  figures.boughtUnanswered += retried - (books.purchases.length - before.purchases.length);
  figures.repeats += repeated;
  sale.list = books.list;
  return books.tickets;
}

function note(findings: Reckoning["findings"], figures: Figures): void {
  for (const { kind, what } of findings) {
    if (kind === "lost" || kind === "duplicated") figures[kind] += 1;
    figures.findings.push(`${kind}: ${what}`);
  }
}

async function start(sale: Sale, figures: Figures): Promise<ListeningProcess> {
  const server = await spawnServer(flagsOf(sale), { env: environmentOf(sale) });
  const { torn, snapshotOffset } = server.listening["replayed"] as Record<string, unknown>;
  figures.starts += 1;
  if (torn !== null) figures.torn += 1;
  if (snapshotOffset !== null) figures.fromSnapshot += 1;
  return server;
}

async function killStart(sale: Sale, ms: number, figures: Figures): Promise<void> {
  const server = runBilheteria(["serve", "--port", "0", "--tcp-port", "0", ...flagsOf(sale)], {
    env: environmentOf(sale),
  });
  await pause(ms);
  server.kill("SIGKILL");
  await server.exit;
  figures.killedStarts += 1;
}

function flagsOf({ directory }: Sale): string[] {
  return ["--data", directory, "--stock", String(STOCK), "--rate-limit", "0", "--no-command-log"];
}

function environmentOf({ isSmall, broken }: Sale): NodeJS.ProcessEnv {
  return loadedFirst(...(isSmall ? ["small-journal.js"] : []), ...broken);
}

async function kill(server: ListeningProcess): Promise<void> {
  server.kill("SIGKILL");
  await within(server.exit, "the process is gone");
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
