/**
 * Nothing is visible before it is durable, as the kernel saw it: a busy server is traced, and no purchase may be in
 * the bytes of a send that began before the write of its frame to the journal had returned. The journal's descriptor
 * has to be one whose writes return when they are on stable storage (O_DSYNC).
 */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { loadedFirst } from "../crashes/loaded-first.ts";
import { needStrace, wish } from "../crashes/tools.ts";
import { cleanup, temporaryDirectory } from "../support/cleanup.ts";
import { ask, audit, buy } from "../support/http-client.ts";
import { Inbox, within } from "../support/inbox.ts";
import { spawnServer } from "../support/start-server.ts";
import { killIfThere, parseStrace, tracedPid, type CallEvent } from "../support/system-calls.ts";
import { TextClient } from "../support/text-client.ts";
import { JsonClient, WsClient } from "../support/ws-client.ts";

const CALLS =
  "trace=openat,close,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,fsync,fdatasync,rename,renameat,renameat2";
const STOCK = 100_000;

interface Findings {
  /** Purchases whose frame's write returned, by tickets left. */
  readonly durable: ReadonlySet<number>;
  /** Numbers that were sent, as receipts or pushes. */
  readonly sent: ReadonlySet<number>;
  /** What was sent too early, with the call. */
  readonly early: readonly string[];
  /** Frames on a descriptor that isn't O_DSYNC, or in a segment whose name wasn't durable yet. */
  readonly unsafe: readonly string[];
  /** Segments that hold purchases. */
  readonly segments: number;
  /** The most purchases in one write to the journal. */
  readonly largestBatch: number;
}

describe("nothing is visible before it is durable", function () {
  this.timeout(120_000);
  before(function () {
    needStrace(this);
  });

  it("no receipt and no push is sent before its frame's write to the O_DSYNC journal has returned", async () => {
    const { found, bought } = await traced({});
    expectSound(found, bought);
    expect(found.segments).to.equal(1);
  });

  it("nor where its frame is the first of a new segment, whose name has to be durable by then", async () => {
    const { found, bought } = await traced({ ...loadedFirst("small-journal.js"), SEGMENT_KIB: "64" });
    expectSound(found, bought);
    expect(found.segments).to.be.above(1);
  });

  it("a server that answers before it writes is caught", async () => {
    const { found } = await traced(loadedFirst("early-answers.js"));
    expect(found.early).to.not.be.empty;
    // Over TCP, as text and as JSON in a WebSocket (whose frames begin with 0x81), and over HTTP.
    for (const way of [
      /"Compra realizada/,
      /"\\201.{1,10}Compra realizada/,
      /"\\201.{1,20}type\\":\\"receipt/,
      /"HTTP\/1\.1 201/,
    ]) {
      expect(
        found.early.some((call) => way.test(call)),
        String(way),
      ).to.equal(true);
    }
  });

  it("the inspection tells a receipt that is too early, a torn write and a descriptor that isn't O_DSYNC", () => {
    const open =
      '7 openat(AT_FDCWD</>, "/d/journal/spare.tmp", O_RDWR|O_CREAT|O_DSYNC|O_CLOEXEC, 0600) = 20</d/journal/spare.tmp>\n';
    const begin =
      '8 pwrite64(20</d/journal/0.log>, "BILe[{\\"remaining\\":9}]\\n", 24, 700 <unfinished ...>\n';
    const end = "8 <... pwrite64 resumed>) = 24\n";
    const send = '7 write(21<socket:[1]>, "Compra realizada. Estoque restante: 9\\n", 38) = 38\n';
    const naming = '8 rename("/d/journal/spare.tmp", "/d/journal/0.log") = 0\n8 fsync(22</d/journal>) = 0\n';
    const unsafe = (log: string): number => inspect(parseStrace(log)).unsafe.length;
    expect(unsafe(open + naming + begin + end)).to.equal(0);
    expect(unsafe(open + begin + end + naming)).to.equal(1);
    expect(unsafe(open + naming.slice(0, naming.indexOf("\n") + 1) + begin + end)).to.equal(1);
    const early = (log: string): number => inspect(parseStrace(log)).early.length;
    expect(early(open + begin + end + send)).to.equal(0);
    expect(early(open + begin + send + end)).to.equal(1);
    expect(early(open + send + begin + end)).to.equal(1);
    expect(early(open + begin + "8 <... pwrite64 resumed>) = 20\n" + send)).to.equal(1);
    expect(early(open + begin + "8 <... pwrite64 resumed>) = -1 EIO (Input/output error)\n" + send)).to.equal(
      1,
    );
    const push = '7 writev(21<socket:[1]>, [{iov_base="\\201\\nESTOQUE: 9", iov_len=12}], 1) = 12\n';
    expect(early(open + begin + push + end)).to.equal(1);
    expect(unsafe(open.replace("|O_DSYNC", "") + naming + begin + end)).to.equal(1);
  });

  it("a write to the journal that fails stops the process with code 1, and the buyer gets no receipt", async function () {
    const data = await temporaryDirectory();
    const server = await spawnServer(["--data", data]);
    const tcp = await TextClient.connect(server.tcpPort);
    expect(await tcp.ask("COMPRAR 1 before")).to.equal("Compra realizada. Estoque restante: 9");
    const segment = join(data, "journal", "0000000000000000.log");
    const inject = ["-P", segment, "-e", "trace=pwrite64", "-e", "inject=pwrite64:error=EIO"];
    const strace = spawn("strace", ["-f", "-p", String(server.pid), "-o", "/dev/null", ...inject]);
    cleanup(() => strace.kill("SIGKILL"));
    const said = new Inbox<string>();
    strace.stderr.setEncoding("utf8").on("data", (text: string) => said.push(text));
    strace.on("close", () => said.end());
    const words = await said.next();
    wish(this, /not permitted/.test(words) ? `strace may not attach here: ${words.trim()}` : null);
    expect(words).to.match(/attached/);
    tcp.say("COMPRAR 1 lost");
    await tcp.untilEnd();
    expect(tcp.lines.all).to.deep.equal(["Compra realizada. Estoque restante: 9"]);
    expect(await within(server.exit, "the server gives up")).to.equal(1);
    expect(server.errors()).to.match(/stopped: the journal could not be written.*EIO/);
    const again = await spawnServer(["--data", data]);
    expect((await buy(again.httpPort, "before", { quantity: 1 })).json()).to.include({ remaining: 9 });
    expect(await audit(again.httpPort)).to.include({ sold: 1, balanced: true });
    expect((await buy(again.httpPort, "lost")).json()).to.include({ remaining: 8 });
  });
});

/** A busy server, as the kernel saw it. @param env what is loaded before it. */
async function traced(
  env: NodeJS.ProcessEnv,
): Promise<{ readonly found: Findings; readonly bought: number }> {
  const directory = await temporaryDirectory();
  const trace = join(directory, "trace");
  const wrapper = ["strace", "-f", "-y", "-s", "600000", "-o", trace, "-e", CALLS];
  const flags = ["--data", join(directory, "data"), "--stock", String(STOCK), "--rate-limit", "0"];
  const server = await spawnServer(flags, { wrapper, env: { UV_USE_IO_URING: "0", ...env } });
  const pid = await tracedPid(server.pid);
  cleanup(() => killIfThere(pid));
  const bought = await busyCrowd(server.httpPort, server.tcpPort);
  expect(await audit(server.httpPort)).to.include({ sold: bought, balanced: true });
  // The signal goes to the server itself: strace leaves when it does.
  process.kill(pid, "SIGTERM");
  expect(await within(server.exit, "the server stops", 30_000)).to.equal(0);
  return { found: inspect(parseStrace(await readFile(trace, "latin1"))), bought };
}

function expectSound(found: Findings, bought: number): void {
  expect(found.unsafe).to.deep.equal([]);
  expect(found.early).to.deep.equal([]);
  for (let left = STOCK - bought; left < STOCK; left++) {
    expect(found.durable.has(left), `the purchase that left ${left} is in the journal`).to.equal(true);
  }
  expect(found.durable.size).to.equal(bought);
  expect(found.sent.size).to.be.at.least(bought);
  // Otherwise it wasn't busy, and group commit wasn't tried.
  expect(found.largestBatch).to.be.above(1);
}

/** Purchases over all four ways at once, with a watcher that is pushed to. @returns how many were bought. */
async function busyCrowd(httpPort: number, tcpPort: number): Promise<number> {
  const watcher = await WsClient.connect(httpPort);
  const each = 40;
  const tcp = await Promise.all(Array.from({ length: 8 }, () => TextClient.connect(tcpPort)));
  const ws = await Promise.all(Array.from({ length: 4 }, () => WsClient.connect(httpPort)));
  const json = await Promise.all(Array.from({ length: 4 }, () => JsonClient.connect(httpPort)));
  await Promise.all([
    ...tcp.map(async (client) => {
      for (let n = 0; n < each; n++) expect(await client.ask("COMPRAR")).to.match(/^Compra realizada/);
    }),
    ...ws.map(async (client) => {
      for (let n = 0; n < each; n++) {
        client.say("COMPRAR");
        await client.messages.until((text) => text.startsWith("Compra"));
      }
    }),
    ...json.map(async (client, i) => {
      for (let n = 0; n < each; n++) {
        client.say({ type: "buy", id: `j${i}-${n}`, quantity: 1 });
        await client.untilType("receipt");
      }
    }),
    (async () => {
      for (let n = 0; n < each; n++) expect((await buy(httpPort, `h${n}`)).status).to.equal(201);
    })(),
  ]);
  const bought = each * (tcp.length + ws.length + json.length + 1);
  await watcher.messages.until((text) => text === `ESTOQUE: ${STOCK - bought}`);
  expect((await ask(httpPort, "GET", "/api/sales/default")).json()).to.include({ sold: bought });
  return bought;
}

function inspect(events: readonly CallEvent[]): Findings {
  const durable = new Set<number>();
  const sent = new Set<number>();
  const early: string[] = [];
  const unsafe: string[] = [];
  const safeDescriptors = new Set<string>();
  const segments = new Set<string>();
  /** Segments by whether the directory was synced since they got their name. */
  const named = new Map<string, boolean>();
  let largestBatch = 0;
  for (const { when, name, args, result } of events) {
    const [, descriptor = "", path = ""] = /^(\d+)<([^>]*)>/.exec(args) ?? [];
    if (name === "openat" && when === "end" && args.includes("O_DSYNC")) {
      safeDescriptors.add(/^\d+/.exec(result)?.[0] ?? "");
    } else if (name === "close" && when === "begin") {
      safeDescriptors.delete(descriptor);
    } else if (name.startsWith("rename") && when === "end" && result === "0") {
      named.set(/"([^"]*)"\)?$/.exec(args)?.[1] ?? "", false);
    } else if (name === "fsync" && path.endsWith("/journal") && when === "end" && result === "0") {
      for (const segment of named.keys()) named.set(segment, true);
    } else if (path.includes("/journal/")) {
      const lefts = numbers(args, /remaining\\":(\d+)/g);
      if (lefts.length === 0 || when === "begin") continue;
      largestBatch = Math.max(largestBatch, lefts.length);
      segments.add(path);
      if (!safeDescriptors.has(descriptor) || named.get(path) !== true) unsafe.push(args.slice(0, 200));
      const length = /, (\d+)(?:, \d+)?$/.exec(args)?.[1];
      if (result === length) for (const left of lefts) durable.add(left);
    } else if (path.startsWith("socket:") && when === "begin") {
      for (const left of numbers(
        args,
        /(?:Estoque restante: |ESTOQUE: |remaining\\":|available\\":)(\d+)/g,
      )) {
        if (left === STOCK) continue;
        sent.add(left);
        if (!durable.has(left)) early.push(args.slice(0, 200));
      }
    }
  }
  return { durable, sent, early, unsafe, segments: segments.size, largestBatch };
}

function numbers(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(pattern)].map((match) => Number(match[1]));
}
