/**
 * Disks and directories that really fail, under a crowd that buys. Whatever happens, the process says what it was and
 * what to do about it, and either refuses sales or leaves with an exit code; and once the cause is gone, the next start
 * has all that was answered.
 */
import { chmod, cp, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { cleanup, temporaryDirectory } from "../support/cleanup.ts";
import { ask } from "../support/http-client.ts";
import { eventually, within } from "../support/inbox.ts";
import {
  ADMIN_TOKEN,
  portsOf,
  runBilheteria,
  spawnServer,
  type ListeningProcess,
  type ServerProcess,
  type SpawnOptions,
} from "../support/start-server.ts";
import { killIfThere, tracedPid } from "../support/system-calls.ts";
import { TextClient } from "../support/text-client.ts";
import { gather, type Crowd } from "./crowd.ts";
import { loadedFirst } from "./loaded-first.ts";
import { reckon } from "./reckoning.ts";
import { Recording } from "./recording.ts";
import {
  limitFiles,
  mountSmallDisk,
  need,
  needStrace,
  whyNo,
  whyNoMount,
  wish,
  WITHOUT_PRIVILEGES,
} from "./tools.ts";

/** Small segments: a disk is full in a moment, and files are made all the time. */
const SMALL = { ...loadedFirst("small-journal.js"), UV_USE_IO_URING: "0" };

function flagsFor(data: string): string[] {
  return ["--data", data, "--stock", "10000000", "--rate-limit", "0", "--no-command-log"];
}

function start(data: string, options: SpawnOptions = {}): Promise<ListeningProcess> {
  return spawnServer(flagsFor(data), { env: SMALL, ...options });
}

/** A start that has to fail. @returns its exit code and what it said. */
async function startInVain(
  data: string,
  options: SpawnOptions = {},
): Promise<{ code: unknown; said: string }> {
  const server = runBilheteria(["serve", "--port", "0", "--tcp-port", "0", ...flagsFor(data)], {
    env: SMALL,
    ...options,
  });
  const code = await within(server.exit, "the start fails");
  return { code, said: server.errors() };
}

/** A server some of whose calls of the system fail. @param when which ones, as strace counts them. */
function runWithFaults(data: string, call: string, error: string, when: string) {
  const wrapper = ["strace", "-f", "-o", "/dev/null", "-e", `trace=${call}`];
  wrapper.push("-e", `inject=${call}:error=${error}:when=${when}`);
  // One thread for the disk, since strace counts for each thread.
  const env = { ...SMALL, UV_THREADPOOL_SIZE: "1" };
  const words = ["serve", "--port", "0", "--tcp-port", "0", "--admin-token", ADMIN_TOKEN, ...flagsFor(data)];
  const server = runBilheteria(words, { env, wrapper });
  // strace leaves with what it runs, and must not leave before it.
  const killServer = async (): Promise<void> => {
    const { exitCode, signalCode } = server.child;
    if (exitCode === null && signalCode === null) killIfThere(await tracedPid(server.pid));
    await server.exit;
  };
  cleanup(killServer);
  return { server, killServer };
}

/** A sale with some purchases in it, its server gone. */
async function soldSome(data: string): Promise<Recording> {
  const recording = new Recording();
  const server = await start(data);
  const crowd = await gather(server, recording, "first", 1);
  await answersAbove(recording, 300);
  await kill(server, crowd);
  return recording;
}

async function answersAbove(recording: Recording, count: number): Promise<void> {
  const isDone = (): boolean =>
    recording.attempts.filter(({ receipts }) => receipts.length > 0).length > count;
  await eventually(isDone, `${count} purchases are answered`);
}

async function kill(server: ServerProcess, crowd?: Crowd): Promise<void> {
  server.kill("SIGKILL");
  await server.exit;
  await crowd?.over;
}

/** The next start agrees with everybody. */
async function agrees(data: string, recording: Recording): Promise<void> {
  const server = await start(data);
  const { findings, retried } = await reckon(server, recording, { repeats: 50, random: Math.random });
  expect(findings).to.deep.equal([]);
  expect(retried).to.be.at.least(0);
  expect(recording.attempts.filter(({ receipts }) => receipts.length > 0).length).to.be.above(300);
  await kill(server);
}

/** Leaves nothing free, not even what the next start would free itself. @returns the file that fills the disk. */
async function fill(disk: string, data: string): Promise<string> {
  for (const name of await readdir(data, { recursive: true })) {
    if (name.endsWith(".tmp")) await rm(join(data, name));
  }
  const filler = join(disk, "filler");
  const fault = await writeFile(filler, Buffer.alloc(4 * 1024 * 1024)).catch((cause: unknown) => cause);
  expect(fault).to.have.property("code", "ENOSPC");
  return filler;
}

async function readiness(server: ListeningProcess): Promise<string> {
  const { status, text } = await ask(server.httpPort, "GET", "/readyz");
  return `${status} ${text}`;
}

async function isRefusing(server: ListeningProcess, recording: Recording): Promise<string> {
  await eventually(() => recording.attempts.some(({ isRefused }) => isRefused), "sales are refused");
  expect((await ask(server.httpPort, "GET", "/healthz")).status).to.equal(200);
  return readiness(server);
}

describe("a disk that fails", function () {
  this.timeout(90_000);

  it("that is full makes sales busy, and they go on by themselves when there is space", async function () {
    wish(this, whyNoMount());
    const disk = await mountSmallDisk("1m");
    const data = join(disk.path, "data");
    const server = await start(data);
    const recording = new Recording();
    const crowd = await gather(server, recording, "full", 1);
    expect(await isRefusing(server, recording)).to.match(
      /^503 no space can be made for the journal: ENOSPC: .*\. Free some space; sales go on by themselves then\n/,
    );
    disk.remount("size=2m");
    await eventually(async () => (await readiness(server)).startsWith("200"), "it is ready again");
    const before = recording.attempts.length;
    await eventually(
      () => recording.attempts.slice(before).some(({ receipts }) => receipts.length > 0),
      "it sells",
    );
    await eventually(async () => (await readiness(server)).startsWith("503"), "it is full again");
    await kill(server, crowd);
    expect(crowd.surprises).to.deep.equal([]);
    const filler = await fill(disk.path, data);
    const { code, said } = await startInVain(data);
    expect(code).to.equal(3);
    expect(said).to.match(
      /can't be used: no space left \(ENOSPC.*\)\. Free some space, or choose another directory\.\n$/,
    );
    await rm(filler);
    disk.remount("size=32m");
    await agrees(data, recording);
  });

  it("that lets no file grow beyond a size makes sales busy, and the signal for it kills nobody", async function () {
    need(this, whyNo("prlimit"));
    const data = await temporaryDirectory();
    const server = await start(data, { wrapper: ["prlimit", `--fsize=${150 * 1024}`] });
    const recording = new Recording();
    const crowd = await gather(server, recording, "limit", 1);
    expect(await isRefusing(server, recording)).to.match(
      /^503 no space can be made for the journal: EFBIG: .*ulimit -f/,
    );
    await kill(server, crowd);
    await agrees(data, recording);
  });

  for (const [error, advice] of [
    ["EIO", /EIO: i\/o error, write/],
    ["ENOSPC", /ENOSPC: no space left on device, write/],
    ["EROFS", /EROFS: read-only file system, write/],
  ] as const) {
    it(`that answers a write with ${error} stops the process, and nobody is answered from that write`, async function () {
      needStrace(this);
      const data = await temporaryDirectory();
      // Among the writes from there on are frames, the zeros of new space, and headers.
      const { server } = runWithFaults(data, "pwrite64", error, "150+");
      const recording = new Recording();
      const crowd = await gather(await portsOf(server), recording, error, 1);
      expect(await within(server.exit, "the server gives up", 40_000)).to.equal(1);
      await crowd.over;
      expect(crowd.surprises).to.deep.equal([]);
      expect(server.errors())
        .to.match(advice)
        .and.match(/stopped: the journal could not be written/);
      expect(server.errors()).to.include("start again once the cause is gone");
      await agrees(data, recording);
    });
  }

  it("at any step of a start, once, ends that start with 3 or does no harm, and loses nothing", async function () {
    needStrace(this);
    this.timeout(180_000);
    const data = await temporaryDirectory();
    const recording = await soldSome(data);
    const failures: Record<string, number> = {};
    for (const call of ["fsync", "pwrite64", "rename", "ftruncate"]) {
      for (let n = 1; n <= 12; n++) {
        const { server, killServer } = runWithFaults(data, call, "EIO", String(n));
        const listens = server.log
          .until((line) => line.includes('"listening"'))
          .then(
            () => "listens" as const,
            () => null,
          );
        const outcome = await within(Promise.race([listens, server.exit]), "the start ends", 40_000);
        if (outcome === "listens") {
          await killServer();
          break;
        }
        failures[call] = n;
        expect(await server.exit, `${call} ${n}: ${server.errors()}`).to.equal(3);
        expect(server.errors(), call).to.match(
          /the data directory .* can't be used: failed \(EIO.*\)\. Check the disk/,
        );
      }
    }
    expect(failures).to.have.all.keys("fsync", "pwrite64", "rename", "ftruncate");
    await agrees(data, recording);
  });

  it("that is mounted read-only ends the start with 3, and nothing is lost", async function () {
    wish(this, whyNoMount());
    const disk = await mountSmallDisk("32m");
    const data = join(disk.path, "data");
    const recording = await soldSome(data);
    disk.remount("ro");
    const { code, said } = await startInVain(data);
    expect(code).to.equal(3);
    expect(said).to.match(
      /can't be used: read-only \(EROFS.*\)\. Mount it for writing, or choose another directory\.\n$/,
    );
    disk.remount("rw");
    await agrees(data, recording);
  });

  it("whose permissions don't fit ends the start with 3, and nothing is lost", async function () {
    need(this, whyNo("setpriv"));
    const data = await temporaryDirectory();
    const recording = await soldSome(data);
    const journal = join(data, "journal");
    for (const [path, mode] of [
      [journal, 0o500],
      [join(journal, "0000000000000000.log"), 0o000],
      [journal, 0o000],
    ] as const) {
      const { mode: before } = await stat(path);
      await chmod(path, mode);
      const { code, said } = await startInVain(data, { wrapper: WITHOUT_PRIVILEGES });
      await chmod(path, before & 0o777);
      expect(code, path).to.equal(3);
      expect(said).to.match(
        /can't be used: not allowed \(EACCES.*\)\. Give this user read and write access to it\.\n$/,
      );
    }
    await agrees(data, recording);
  });

  it("whose organiser's token can't be read or written ends the start with 3 and says what to do", async function () {
    need(this, whyNo("setpriv"));
    const data = await temporaryDirectory();
    const words = ["serve", "--port", "0", "--tcp-port", "0", "--data", data];
    const token = join(data, "admin-token");
    await writeFile(token, "x".repeat(32), { mode: 0o000 });
    const denied = runBilheteria(words, { wrapper: WITHOUT_PRIVILEGES });
    expect(await within(denied.exit, "the start fails")).to.equal(3);
    expect(denied.errors()).to.match(/can't be used: not allowed \(EACCES.*admin-token.*\)\. Give this user/);
    await rm(token);
    await mkdir(token);
    const occupied = runBilheteria(words);
    expect(await within(occupied.exit, "the start fails")).to.equal(3);
    expect(occupied.errors()).to.match(
      /the data directory .* failed \(EISDIR.*\)\. Check the disk and the path/,
    );
  });
});

describe("a data directory that goes away while the server sells", function () {
  this.timeout(60_000);

  /**
   * Sells, then something happens to the directory; the process has to say so and leave with 5, which tells whoever
   * would start it again not to: the next one would find nothing, and sell everything again.
   */
  async function leavesWhen(data: string, happen: () => Promise<void>): Promise<Recording> {
    const server = await start(data);
    const recording = new Recording();
    const crowd = await gather(server, recording, "gone", 1);
    await answersAbove(recording, 300);
    await happen();
    expect(await within(server.exit, "the server gives up"), server.errors()).to.equal(5);
    await crowd.over;
    // Either the watch finds it, or a new segment that is begun just then.
    expect(server.errors()).to.match(
      /stopped: .*(isn't there any more|is another (file|directory) now|could not be written: (ENOENT|ENOTDIR))/,
    );
    return recording;
  }

  it("deleted: it stops, instead of selling into files without a name", async () => {
    const data = join(await temporaryDirectory(), "data");
    await leavesWhen(data, () => rm(data, { recursive: true, maxRetries: 5 }));
    const again = await start(data);
    expect(again.listening).to.include({ available: 10_000_000 });
  });

  it("moved, and a file in its place: it stops, the file ends the next start, and moved back it has everything", async () => {
    const data = join(await temporaryDirectory(), "data");
    const recording = await leavesWhen(data, async () => {
      await rename(data, `${data}.moved`);
      await writeFile(data, "a file");
    });
    const { code, said } = await startInVain(data);
    expect(code).to.equal(3);
    expect(said).to.match(
      /can't be used: it isn't a directory .*Move that file away, or choose another\.\n$/,
    );
    await rm(data);
    await rename(`${data}.moved`, data);
    await agrees(data, recording);
  });

  it("moved, and a copy in its place, as a restored backup is: it stops, and moved back it has everything", async () => {
    const data = join(await temporaryDirectory(), "data");
    const recording = await leavesWhen(data, async () => {
      await rename(data, `${data}.moved`);
      await cp(`${data}.moved`, data, { recursive: true });
    });
    await rm(data, { recursive: true });
    await rename(`${data}.moved`, data);
    await agrees(data, recording);
  });
});

describe("a process that may open no more files", function () {
  this.timeout(60_000);

  it("makes sales busy when the journal needs one, and sells on by itself when there are some again", async function () {
    need(this, whyNo("prlimit"));
    const data = await temporaryDirectory();
    const server = await start(data);
    const recording = new Recording();
    const crowd = await gather(server, recording, "files", 1);
    await answersAbove(recording, 300);
    limitFiles(server.pid, 10);
    await eventually(() => recording.attempts.some(({ isRefused }) => isRefused), "sales are refused");
    limitFiles(server.pid, 1_000);
    const before = recording.attempts.length;
    await eventually(
      () => recording.attempts.slice(before).some(({ receipts }) => receipts.length > 0),
      "it sells",
    );
    expect(await readiness(server)).to.match(/^200/);
    const notes = server.log.all.join("\n");
    expect(notes).to.match(/no space can be made for the journal: EMFILE.*ulimit -n/);
    await kill(server, crowd);
    expect(crowd.surprises).to.deep.equal([]);
    await agrees(data, recording);
  });

  it("because they are all connections turns new ones away, and goes on selling through new segments", async function () {
    need(this, whyNo("prlimit"));
    const data = await temporaryDirectory();
    const server = await start(data, { wrapper: ["prlimit", "--nofile=340:340"] });
    expect(server.listening).to.include({ maxConnections: 84 });
    const recording = new Recording();
    const crowd = await gather(server, recording, "sockets", 1);
    const idle = await Promise.all(Array.from({ length: 120 }, () => TextClient.connect(server.tcpPort)));
    await eventually(
      () => idle.some(({ lines }) => lines.all.includes("ERRO: Servidor lotado")),
      "some are turned away",
    );
    const count = recording.attempts.length;
    await answersAbove(recording, count + 2_000);
    // The requests of programs come on connections of their own: they may have found no place.
    await kill(server, crowd);
    await agrees(data, recording);
  });
});
