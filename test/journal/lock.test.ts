import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { createBoxOffice } from "../../src/box-office/box-office.ts";
import { systemClock, systemScheduler } from "../../src/engine/system.ts";
import { DataDirectoryInUse } from "../../src/journal/fault.ts";
import { findHolder, listen, lockAddress, lockDirectory } from "../../src/journal/lock.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { openFileJournal } from "../../src/journal/opening.ts";
import { dump, history, SMALL, stateAfter } from "./events.ts";
import { rejection } from "./opened.ts";

const HOLDER = fileURLToPath(new URL("./holder.js", import.meta.url));

describe("journal: lock", () => {
  let directory: string;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "lock-"));
  });
  afterEach(async () => {
    await Promise.all(children.splice(0).map(kill));
    await rm(directory, { recursive: true });
  });

  function start(what = "hold"): ChildProcess {
    const child = fork(HOLDER, [directory, what]);
    children.push(child);
    return child;
  }

  it("lets one process own a directory, and tells the second who does", async () => {
    const child = start();
    await once(child, "message");
    const error = await rejection(lockDirectory(directory, "now", () => ""));
    expect(error).to.be.instanceOf(DataDirectoryInUse);
    expect(error).to.include({ code: "DATA_DIRECTORY_IN_USE", pid: child.pid });
    expect(error.message).to.contain(`process ${child.pid}, running since 2026-11-21T06:20:00.000Z`);
    expect(error.message).to.contain("http://localhost:8080").and.to.contain("Stop that process first");
  });

  it("knows a directory by whatever path it is reached", async () => {
    const lock = await lockDirectory(directory, "now", () => "");
    const other = `${directory}-link`;
    await symlink(directory, other);
    try {
      const error = await rejection(lockDirectory(other, "now", () => ""));
      expect(error).to.include({ code: "DATA_DIRECTORY_IN_USE", pid: process.pid });
    } finally {
      await lock.release();
      await rm(other);
    }
  });

  it("is free again once it is released, and doesn't bind other directories", async () => {
    const lock = await lockDirectory(directory, "now", () => "");
    const other = await lockDirectory(join(directory, "other"), "now", () => "");
    await lock.release();
    await (await lockDirectory(directory, "now", () => "")).release();
    await other.release();
  });

  it("tells whoever asks who holds it, and takes nothing from anybody", async () => {
    expect(await findHolder(directory)).to.equal(null);
    const lock = await lockDirectory(directory, "today", () => "port 1");
    expect(await findHolder(directory)).to.deep.equal({ pid: process.pid, since: "today", text: "port 1" });
    await lock.release();
    expect(await findHolder(directory)).to.equal(null);
    expect(await readdir(directory)).to.deep.equal([]);
    expect(await rejection(findHolder(join(directory, "none")))).to.include({ code: "DISK_FAILED" });
  });

  it("is released though whoever asked doesn't hang up", async () => {
    const lock = await lockDirectory(directory, "now", () => "");
    const asking = Array.from({ length: 40 }, () => askAndStay());
    try {
      await Promise.all((await Promise.all(asking)).slice(0, 4).map(({ ended }) => ended));
      const released = lock.release().then(() => "released");
      expect(await Promise.race([released, new Promise((resolve) => setTimeout(resolve, 10_000))])).to.equal(
        "released",
      );
    } finally {
      for (const { socket } of await Promise.all(asking)) socket.destroy();
    }
  });

  /** Reads the answer, and keeps its own half of the connection open. */
  async function askAndStay(): Promise<{ readonly socket: Socket; readonly ended: Promise<void> }> {
    const socket = connect({ path: await lockAddress(directory, process.platform), allowHalfOpen: true });
    // Heard from the start: it may come before all the others are connected.
    const ended = new Promise<void>((resolve) => socket.once("end", resolve));
    socket.on("error", () => undefined).resume();
    await once(socket, "connect");
    return { socket, ended };
  }

  for (const [title, answer] of [
    ["that says nothing", ""],
    ["that says no JSON", "hello\n"],
    ["that says something else in JSON", '{"pid":"many"}\n'],
    ["that never stops talking", "x".repeat(100_000)],
  ] as const) {
    it(`is held against a process ${title}`, async () => {
      const server = createServer((socket) => socket.on("error", () => undefined).end(answer));
      server.listen({ path: await lockAddress(directory, process.platform) });
      await once(server, "listening");
      try {
        const error = await rejection(lockDirectory(directory, "now", () => ""));
        expect(error).to.include({ code: "DATA_DIRECTORY_IN_USE", pid: null });
        expect(error.message).to.contain("a process that doesn't say who it is");
        expect(await findHolder(directory)).to.equal("silent");
      } finally {
        server.close();
      }
    });
  }

  it("names no address where its holder names none", async () => {
    const lock = await lockDirectory(directory, "now", () => "");
    const error = await rejection(lockDirectory(directory, "now", () => ""));
    await lock.release();
    expect(error.message).to.contain(`process ${process.pid}, running since now. Stop`);
  });

  it("is a pipe on Windows, and a socket file where names without files aren't known", async () => {
    expect(await lockAddress(directory, "win32")).to.match(/^\\\\\.\\pipe\\bilheteria-[0-9a-f]+-[0-9a-f]+$/);
    expect(await lockAddress(directory, "darwin")).to.equal(join(directory, "lock.sock"));
  });

  it("as a socket file is taken over from a dead owner, and from no living one", async () => {
    const take = () => lockDirectory(directory, "now", () => "", "darwin");
    const child = fork(HOLDER, [directory, "darwin"]);
    children.push(child);
    await once(child, "message");
    expect(await rejection(take())).to.include({ code: "DATA_DIRECTORY_IN_USE", pid: child.pid });
    await kill(child);
    expect(await readdir(directory)).to.deep.equal(["lock.sock"]);
    expect(await findHolder(directory, "darwin")).to.equal(null);
    const lock = await take();
    expect(await findHolder(directory, "darwin")).to.include({ pid: process.pid });
    await lock.release();
  });

  it("as a socket file is held against whatever else has its name", async () => {
    await mkdir(join(directory, "lock.sock"));
    const error = await rejection(lockDirectory(directory, "now", () => "", "darwin"));
    expect(error).to.include({ code: "DATA_DIRECTORY_IN_USE", pid: null });
    expect(await readdir(directory)).to.deep.equal(["lock.sock"]);
  });

  it("as a socket file is held against what can't even be asked", async () => {
    await symlink("lock.sock", join(directory, "lock.sock"));
    expect(await findHolder(directory, "darwin")).to.equal("silent");
    expect(await rejection(lockDirectory(directory, "now", () => "", "darwin"))).to.include({ pid: null });
  });

  it("passes on what the system has against a socket", async () => {
    const address = join(directory, "none", "lock.sock");
    const error = await rejection(listen(address, "now", () => ""));
    expect(error).to.have.property("syscall", "listen");
  });

  it("as a socket file is refused where the path is too long for one, and would be cut", async () => {
    const deep = join(directory, "d".repeat(200));
    const error = await rejection(lockDirectory(deep, "now", () => "", "darwin"));
    expect(error).to.include({ name: "DiskFault", code: "DISK_FAILED" });
    expect(error.message).to.contain("longer than the 103 bytes");
    expect(await readdir(deep)).to.deep.equal([]);
  });

  it("is free again once its owner was killed", async () => {
    const child = start();
    await once(child, "message");
    await kill(child);
    const lock = await lockDirectory(directory, "now", () => "");
    await lock.release();
  });

  it("is held by one of two that start at once", async () => {
    const told = await Promise.all([start(), start()].map((child) => once(child, "message")));
    const answers = told.map(([message]: unknown[]) =>
      message === "locked" ? "locked" : (message as { code: string }).code,
    );
    expect(answers.sort()).to.deep.equal(["DATA_DIRECTORY_IN_USE", "locked"]);
  });

  it("guards a log from which kill -9 takes nothing that was durable, life after life", async function () {
    this.timeout(60_000);
    let durable = 0;
    for (let life = 0; life < 6; life++) {
      const child = start("sell");
      child.on("message", (offset) => (durable = offset as number));
      await once(child, "message");
      await new Promise((resolve) => setTimeout(resolve, 60 + life * 45));
      await kill(child);
    }
    const state = createBoxOffice();
    const parts = {
      directory,
      state,
      lock: null,
      disk: nodeDisk,
      clock: systemClock,
      scheduler: systemScheduler,
    };
    const limits = { ...SMALL, segmentBytes: 65_536, stepBytes: 16_384, roomAheadBytes: 16_384 };
    const { journal } = await openFileJournal({ ...parts, limits });
    await journal.close();
    expect(state.offset).to.be.at.least(durable);
    expect(durable).to.be.above(20);
    expect(journal.epoch).to.be.at.least(7);
    const books = (value: unknown): unknown => (value as { books: unknown }).books;
    expect(books(dump(state))).to.deep.equal(books(dump(stateAfter(history(state.offset)))));
  });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
