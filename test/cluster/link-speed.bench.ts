/**
 * What a purchase and its receipt cost on their way between two processes, by way and by notation: the figures of
 * docs/decisions/0010. `node dist/test/cluster/link-speed.bench.js [purchases in a frame] [purchases in all]`.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { deserialize, serialize } from "node:v8";
import type { Answer } from "../../src/box-office/answer.ts";
import type { Buy } from "../../src/box-office/command.ts";
import type { BuyerId, PurchaseKey, SaleId, TicketCode } from "../../src/box-office/sale.ts";
import { answerOfRow, answerRow, commandOfRow, commandRow, rowsOf } from "../../src/cluster/command-codec.ts";
import { emptyFrame, FrameKind, FrameReader, HEADER_BYTES } from "../../src/cluster/framing.ts";

interface Numbered<Item> {
  readonly number: number;
  readonly item: Item;
}

/** How a frame's worth is written. */
interface Notation {
  commands(list: readonly Numbered<Buy>[]): Buffer;
  readCommands(bytes: Buffer): Numbered<Buy>[];
  answers(list: readonly Numbered<Answer>[]): Buffer;
  readAnswers(bytes: Buffer): Numbered<Answer>[];
}

const objects = (write: (value: unknown) => Buffer, read: (bytes: Buffer) => unknown): Notation => ({
  commands: write,
  readCommands: (bytes) => read(bytes) as Numbered<Buy>[],
  answers: write,
  readAnswers: (bytes) => read(bytes) as Numbered<Answer>[],
});

const NOTATIONS: Readonly<Record<string, Notation>> = {
  rows: {
    commands: (list) =>
      Buffer.from(JSON.stringify(list.map((one) => commandRow(one.number, one.item, false)))),
    readCommands: (bytes) =>
      rowsOf(bytes.toString()).map((row) => {
        const { number, command } = commandOfRow(row);
        return { number, item: command as Buy };
      }),
    answers: (list) => Buffer.from(JSON.stringify(list.map((one) => answerRow(one.number, one.item)))),
    readAnswers: (bytes) =>
      rowsOf(bytes.toString()).map((row) => {
        const { number, answer } = answerOfRow(row);
        return { number, item: answer };
      }),
  },
  objects: objects(
    (value) => Buffer.from(JSON.stringify(value)),
    (bytes) => JSON.parse(bytes.toString()) as unknown,
  ),
  v8: objects(serialize, (bytes) => deserialize(bytes) as unknown),
};

const SELF = fileURLToPath(import.meta.url);
/** Frames under way at once. */
const WINDOW = 4;
/** Purchases before the clock starts, as a share of all. */
const WARM_UP = 0.25;

const [way = "all", batch = "256", total = "400000"] = process.argv.slice(2);
if (process.argv[5] === "engine") serve(way);
else if (way !== "all") await measure(way, Number(batch), Number(total));
else
  for (const one of [...Object.keys(NOTATIONS), "ipc-json", "ipc-advanced"]) await measure(one, 256, 400_000);

async function measure(way: string, batch: number, total: number): Promise<void> {
  const engine = spawn(process.execPath, [SELF, way, "0", "0", "engine"], {
    stdio: ["ignore", "inherit", "inherit", "ipc", "overlapped"],
    serialization: way === "ipc-advanced" ? "advanced" : "json",
  });
  const warm = Math.floor(total * WARM_UP);
  let sent = 0;
  let heard = 0;
  let started = { at: 0, cpu: process.cpuUsage() };
  const finished = new Promise<void>((resolve) => {
    const send = carrier(engine, way, (answers) => {
      const before = heard;
      heard += answers.length;
      if (before < warm && heard >= warm) {
        started = { at: performance.now(), cpu: process.cpuUsage() };
        engine.send("warm");
      }
      if (sent < total) sent += send(sent, batch);
      else if (heard >= sent) resolve();
    });
    for (let i = 0; i < WINDOW; i++) sent += send(sent, batch);
  });
  await finished;
  const seconds = (performance.now() - started.at) / 1000;
  const own = micros(process.cpuUsage(started.cpu));
  const usage = new Promise<NodeJS.CpuUsage>((resolve) =>
    engine.on("message", (message) => {
      if (!Array.isArray(message)) resolve(message as NodeJS.CpuUsage);
    }),
  );
  engine.send("end");
  const theirs = micros(await usage);
  const count = heard - warm;
  process.stdout.write(
    `${way.padEnd(13)}${Math.round(count / seconds)
      .toLocaleString("en")
      .padStart(10)}/s  ` +
      `worker ${(own / count).toFixed(2)} µs  engine ${(theirs / count).toFixed(2)} µs\n`,
  );
  engine.kill();
}

/** @returns how purchases from a number on are sent. */
function carrier(
  engine: ChildProcess,
  way: string,
  take: (answers: readonly Numbered<Answer>[]) => void,
): (from: number, count: number) => number {
  const notation = NOTATIONS[way];
  if (notation === undefined) {
    engine.on("message", (message) => {
      if (Array.isArray(message)) take(message as Numbered<Answer>[]);
    });
    return (from, count) => {
      engine.send(purchases(from, count));
      return count;
    };
  }
  const link = engine.stdio[4] as Duplex;
  const reader = new FrameReader(2 ** 26, (_kind, body) => take(notation.readAnswers(body)));
  link.on("data", (chunk: Buffer) => reader.push(chunk));
  return (from, count) => {
    link.write(framed(notation.commands(purchases(from, count))));
    return count;
  };
}

/** The other end: answers each purchase as the engine would, and decides nothing. */
function serve(way: string): void {
  let cpu = process.cpuUsage();
  const notation = NOTATIONS[way];
  process.on("message", (message) => {
    if (message === "warm") cpu = process.cpuUsage();
    else if (message === "end") process.send?.(process.cpuUsage(cpu));
    else process.send?.((message as Numbered<Buy>[]).map(receiptFor));
  });
  if (notation === undefined) return;
  const link = new Socket({ fd: 4, readable: true, writable: true });
  const reader = new FrameReader(2 ** 26, (_kind, body) => {
    link.write(framed(notation.answers(notation.readCommands(body).map(receiptFor))));
  });
  link.on("data", (chunk: Buffer) => reader.push(chunk));
}

function purchases(from: number, count: number): Numbered<Buy>[] {
  return Array.from({ length: count }, (_, i) => {
    const number = from + i + 1;
    const items = [{ sale: "default" as SaleId, quantity: 1, codes: ["34679CDFGHJK" as TicketCode] }];
    const key = `.17.4294967297.${number}` as PurchaseKey;
    return { number, item: { type: "buy", items, buyer: "ip:203.0.113.17" as BuyerId, key, fresh: true } };
  });
}

function receiptFor({ number, item }: Numbered<Buy>): Numbered<Answer> {
  const items = item.items.map(({ sale, codes }) => ({
    sale,
    order: number,
    remaining: 1_000_000 - number,
    codes,
  }));
  const position = { epoch: 17, offset: number };
  return {
    number,
    item: { kind: "receipt", items, position, at: 1_790_000_000_000 + number, repeated: false },
  };
}

function framed(body: Buffer): Buffer {
  const frame = emptyFrame(FrameKind.commands, body.length);
  body.copy(frame, HEADER_BYTES);
  return frame;
}

function micros({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}
