/**
 * Ten times the load that the server can take, on a disk that needs 5 ms for a write: what is too much has to be refused
 * before it is carried out, so that goodput (purchases a second that are answered within a second) hardly falls.
 *
 *     npm run build && node dist/test/engine/over-capacity.bench.js
 *
 * The server is the real one in a process of its own, without a rate limit; only its disk is made slow, here. The load
 * is open: so many purchases a second over raw TCP, whether the answers come or not. First it is raised until goodput
 * stops rising; that is the peak, and the load of the peak is what the server can take.
 */
import { fork, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { readSettings } from "../../src/config.ts";
import { LIMITS } from "../../src/limits.ts";
import type { DiskFile } from "../../src/journal/disk.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { startServer } from "../../src/server.ts";

const SYNC_MS = 5;
const CONNECTIONS = 200;
const TICK_MS = 10;
const STEP_MS = 3_000;
/** The first part of a step isn't counted. */
const WARM_UP_MS = 1_000;
const PATIENCE_MS = 1_000;
const LOADS = [10_000, 20_000, 40_000, 60_000, 80_000, 120_000];
const BAR = 0.8;
/** A client whose system holds this much unsent gives up on what it would send now. */
const UNSENT_BYTES = 256 * 1024;

if (process.argv[2] === "serve") await serve(process.argv[3] ?? "");
else await measure();

async function serve(directory: string): Promise<void> {
  const open = nodeDisk.open.bind(nodeDisk);
  Object.assign(nodeDisk, {
    open: async (path: string, mode: "read" | "scratch" | "durable") =>
      mode === "durable" ? slowed(await open(path, mode)) : open(path, mode),
  });
  const flags = ["--port", "0", "--tcp-port", "0", "--host", "127.0.0.1", "--data", directory];
  const settings = readSettings([...flags, "--stock", "100000000", "--rate-limit", "0"], {});
  const server = await startServer(settings, {
    version: "0.0.0-bench",
    logger: pino({ level: "silent" }),
    limits: LIMITS,
    commandLines: null,
    droppedLogLines: () => 0,
    fail: (fault) => {
      throw fault;
    },
  });
  process.send?.(server.tcpPort);
}

function slowed(file: DiskFile): DiskFile {
  const write = file.write.bind(file);
  return Object.assign(file, {
    write: ((bytes, start, length, position, done) => {
      write(bytes, start, length, position, (error, written) =>
        setTimeout(() => done(error, written), SYNC_MS),
      );
    }) satisfies DiskFile["write"],
  });
}

interface Step {
  readonly offered: number;
  readonly good: number;
  readonly late: number;
  readonly refused: number;
  readonly unsent: number;
}

async function measure(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "over-capacity-"));
  const server = fork(fileURLToPath(import.meta.url), ["serve", directory]);
  try {
    const port = await new Promise<number>((resolve) =>
      server.once("message", (said) => resolve(Number(said))),
    );
    let peak: Step = { offered: 0, good: 0, late: 0, refused: 0, unsent: 0 };
    for (const load of LOADS) {
      const step = await offer(port, load);
      show(step);
      if (step.good > peak.good) peak = step;
      else if (step.good < peak.good * 0.9) break;
    }
    const over = await offer(port, peak.offered * 10);
    show(over);
    const share = over.good / peak.good;
    console.log(
      `goodput at ten times the load of the peak: ${share.toFixed(2)} of the peak, bar ${BAR}: ${share >= BAR ? "met" : "MISSED"}`,
    );
  } finally {
    await end(server);
    rmSync(directory, { recursive: true });
  }
}

async function offer(port: number, perSecond: number): Promise<Step> {
  const totals = { good: 0, late: 0, refused: 0, unsent: 0 };
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => openClient(port, totals)));
  const started = performance.now();
  let sent = 0;
  for (let turn = 0; ; turn++) {
    const now = performance.now() - started;
    if (now > STEP_MS) break;
    if (now < WARM_UP_MS) Object.assign(totals, { good: 0, late: 0, refused: 0, unsent: 0 });
    const due = Math.floor((now * perSecond) / 1_000) - sent;
    const each = Math.max(0, Math.ceil(due / CONNECTIONS));
    for (let i = 0; i < CONNECTIONS; i++) clients[(turn + i) % CONNECTIONS]?.send(each);
    sent += each * CONNECTIONS;
    await wait(TICK_MS);
  }
  const seconds = (STEP_MS - WARM_UP_MS) / 1_000;
  const { good, late, refused, unsent } = totals;
  for (const client of clients) client.socket.destroy();
  // What is still in the queue belongs to this step.
  await wait(1_000);
  const rate = (count: number): number => Math.round(count / seconds);
  return {
    offered: perSecond,
    good: rate(good),
    late: rate(late),
    refused: rate(refused),
    unsent: rate(unsent),
  };
}

interface Client {
  readonly socket: Socket;
  send(count: number): void;
}

function openClient(port: number, totals: Omit<Step, "offered">): Promise<Client> {
  const counted = totals as { -readonly [Name in keyof typeof totals]: number };
  const sent: { at: number; left: number }[] = [];
  let unfinished = "";
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.setEncoding("latin1").on("error", () => {});
  socket.on("data", (chunk: string) => {
    const lines = (unfinished + chunk).split("\n");
    unfinished = lines.pop() ?? "";
    const now = performance.now();
    for (const line of lines) {
      const batch = sent[0];
      if (batch === undefined) throw new Error(`an answer to nothing: ${line}`);
      batch.left -= 1;
      if (batch.left === 0) sent.shift();
      if (!line.startsWith("Compra")) counted.refused += 1;
      else if (now - batch.at <= PATIENCE_MS) counted.good += 1;
      else counted.late += 1;
    }
  });
  const send = (count: number): void => {
    if (count === 0) return;
    if (socket.writableLength > UNSENT_BYTES) {
      counted.unsent += count;
      return;
    }
    sent.push({ at: performance.now(), left: count });
    socket.write("COMPRAR\n".repeat(count));
  };
  return new Promise((resolve) => socket.once("connect", () => resolve({ socket, send })));
}

function show({ offered, good, late, refused, unsent }: Step): void {
  console.log(
    `offered ${offered}/s: good ${good}/s, answered too late ${late}/s, refused ${refused}/s, never sent ${unsent}/s`,
  );
}

async function end(child: ChildProcess): Promise<void> {
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exit;
}
