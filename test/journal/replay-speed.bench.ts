/**
 * How fast a start replays a million tickets, against merely reading the same files: the same reading code checks the
 * same sums and parses the same JSON, but nothing is made of it. And how much memory the process has afterwards.
 *
 *     npm run build && node dist/test/journal/replay-speed.bench.js [purchases]
 *
 * The log: purchases of one ticket each, in batches of 1 to 64 (uniform), buyers of 21 random characters, keys of 36.
 * Every run is a process of its own; the two kinds alternate, and the medians of five are compared. Snapshots are
 * left out of both; the last run is a whole start with them.
 */
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createBoxOffice } from "../../src/box-office/box-office.ts";
import type { SaleEvent } from "../../src/box-office/event.ts";
import type { BuyerId, PurchaseKey } from "../../src/box-office/sale.ts";
import { systemClock, systemScheduler } from "../../src/engine/system.ts";
import { DataDirectory } from "../../src/journal/data-directory.ts";
import type { Disk } from "../../src/journal/disk.ts";
import { DEFAULT_JOURNAL_LIMITS } from "../../src/journal/limits.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { openFileJournal } from "../../src/journal/opening.ts";
import { recover } from "../../src/journal/recovery.ts";
import { openSegment, readSegment } from "../../src/journal/segment.ts";
import { created, purchased } from "./events.ts";

type Task = "generate" | "read" | "replay" | "start";

interface Measured {
  readonly ms: number;
  readonly events: number;
  readonly rssMb: number;
  readonly peakMb: number;
}

const RUNS = 5;

const LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";

const [task, directory = "", count = ""] = process.argv.slice(2);
if (task === "generate" || task === "read" || task === "replay" || task === "start") {
  const measured = await run(task);
  process.send?.(measured);
  process.disconnect?.();
} else {
  await compare(Number(task ?? 1_000_000));
}

async function compare(purchases: number): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), "replay-"));
  try {
    await inChild("generate", data, purchases);
    const times: Record<"read" | "replay", number[]> = { read: [], replay: [] };
    let rssMb = 0;
    for (let i = 0; i < RUNS; i++) {
      for (const kind of ["read", "replay"] as const) {
        const measured = await inChild(kind, data, purchases);
        times[kind].push(measured.ms);
        if (kind === "replay") rssMb = measured.rssMb;
        console.log(`${kind.padEnd(7)} ${measured.ms.toFixed(0)} ms, ${measured.rssMb.toFixed(0)} MB`);
      }
    }
    const read = median(times.read);
    const replay = median(times.replay);
    console.log(
      `${purchases} purchases; medians: read ${read.toFixed(0)} ms, replay ${replay.toFixed(0)} ms`,
    );
    console.log(
      `replay runs at ${(read / replay).toFixed(2)} x the speed of reading; ${rssMb.toFixed(0)} MB`,
    );
    for (const which of ["without a snapshot", "with a snapshot"]) {
      const { ms, rssMb: after, peakMb } = await inChild("start", data, purchases);
      console.log(
        `a start ${which}: ${ms.toFixed(0)} ms; ${after.toFixed(0)} MB after it, ${peakMb.toFixed(0)} MB at most`,
      );
    }
  } finally {
    rmSync(data, { recursive: true });
  }
}

function inChild(kind: Task, data: string, purchases: number): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [kind, data, String(purchases)]);
    child.once("message", (message) => resolve(message as Measured));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${kind} ended with ${code}`)));
  });
}

async function run(kind: Task): Promise<Measured> {
  const started = performance.now();
  const { events, ms } = await work(kind, started);
  const { maxRSS } = process.resourceUsage();
  return { ms, events, rssMb: process.memoryUsage.rss() / 2 ** 20, peakMb: maxRSS / 1024 };
}

async function work(kind: Task, started: number): Promise<{ events: number; ms: number }> {
  if (kind === "generate") return { events: await generate(Number(count)), ms: 0 };
  if (kind === "start") return start();
  const events = kind === "read" ? await readOnly() : await replay();
  return { events, ms: performance.now() - started };
}

async function readOnly(): Promise<number> {
  let events = 0;
  for (const file of await new DataDirectory(directory).segments(nodeDisk)) {
    const segment = await openSegment(nodeDisk, file, null, DEFAULT_JOURNAL_LIMITS.stepBytes);
    await readSegment(segment, DEFAULT_JOURNAL_LIMITS, (parsed) => {
      events += parsed.length;
    });
    await segment.file.close();
  }
  return events;
}

async function replay(): Promise<number> {
  const state = createBoxOffice();
  const { events } = await recover(nodeDisk, new DataDirectory(directory), DEFAULT_JOURNAL_LIMITS, state);
  if (state.offset !== events) throw new Error(`${state.offset} events in the state, ${events} replayed`);
  return events;
}

/** As the server does it, and then until the snapshot is there. */
async function start(): Promise<{ events: number; ms: number }> {
  const started = performance.now();
  const state = createBoxOffice();
  const parts = {
    directory,
    state,
    lock: null,
    disk: nodeDisk,
    clock: systemClock,
    scheduler: systemScheduler,
  };
  let folded: () => void = () => undefined;
  const snapshot = new Promise<void>((resolve) => (folded = resolve));
  const limits = { snapshotEveryBytes: 1 };
  const { journal, replayed } = await openFileJournal({ ...parts, limits, onNote: () => folded() });
  const ms = performance.now() - started;
  if (replayed.snapshotOffset === null) await snapshot;
  await journal.close();
  return { events: state.offset, ms };
}

/** Written without syncing, which is all that takes time in it. */
async function generate(purchases: number): Promise<number> {
  const disk: Disk = {
    ...nodeDisk,
    open: (path, mode) => nodeDisk.open(path, mode === "durable" ? "scratch" : mode),
  };
  const state = createBoxOffice("count");
  const parts = { directory, state, lock: null, disk, clock: systemClock, scheduler: systemScheduler };
  const { journal } = await openFileJournal({ ...parts, fold: null });
  const draw = numbers(20_261_121);
  await journal.append([created()]);
  for (let n = 1; n <= purchases;) {
    const batch: SaleEvent[] = [];
    for (let size = 1 + (draw() % 64); size > 0 && n <= purchases; size--) batch.push(realistic(n++, draw));
    while (!journal.hasRoom()) await new Promise(setImmediate);
    const { kind } = await journal.append(batch);
    if (kind !== "durable") throw new Error(kind);
  }
  await journal.close();
  return purchases;
}

function realistic(n: number, draw: () => number): SaleEvent {
  const buyer = text(21, draw) as BuyerId;
  const key = text(36, draw) as PurchaseKey;
  return { ...(purchased(n) as SaleEvent & { type: "purchased" }), at: 1_763_706_000_000 + n, buyer, key };
}

function text(length: number, draw: () => number): string {
  let result = "";
  for (let i = 0; i < length; i++) result += LETTERS[(draw() >>> 8) & 63];
  return result;
}

/** xorshift (Marsaglia 2003): the same log each time. */
function numbers(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
