import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createBoxOffice } from "../../src/box-office/box-office.ts";
import { systemClock, systemScheduler } from "../../src/engine/system.ts";
import { writeAll, type DiskFile } from "../../src/journal/disk.ts";
import { diskOf, nodeDisk } from "../../src/journal/node-disk.ts";
import { openFileJournal } from "../../src/journal/opening.ts";
import { dump, history, SMALL, stateAfter } from "./events.ts";
import { appendEach, rejection } from "./opened.ts";

describe("journal: the real disk", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "disk-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  for (const platform of ["linux", "darwin", "win32"] as const) {
    it(`in the ways of ${platform} keeps a journal`, async () => {
      const disk = diskOf(platform);
      const data = join(directory, "some", "where");
      const openIt = async () => {
        const state = createBoxOffice();
        const parts = { directory: data, disk, clock: systemClock, scheduler: systemScheduler, lock: null };
        const { journal } = await openFileJournal({ ...parts, limits: SMALL, state, fold: null });
        return { journal, state };
      };
      const first = await openIt();
      await appendEach(first.journal, history(40));
      await first.journal.close();
      const second = await openIt();
      await second.journal.close();
      expect(dump(second.state)).to.deep.equal(dump(stateAfter(history(40))));
    });

    it(`in the ways of ${platform} passes on that a write failed`, async () => {
      // A pipe has no places to write at.
      const path = join(directory, "pipe");
      execFileSync("mkfifo", [path]);
      const file = await diskOf(platform).open(path, "durable");
      expect(await rejection(writeAll(file, Buffer.from("y"), 0))).to.have.property("code", "ESPIPE");
      await file.close();
    });
  }

  it("passes on that a read failed", async () => {
    const file = await nodeDisk.open(directory, "read");
    const error = await rejection(file.read(Buffer.alloc(10), 0));
    await file.close();
    expect(error).to.have.property("code", "EISDIR");
  });

  it("makes directories that are missing, takes those that are there, and no file for one", async () => {
    const path = join(directory, "a", "b", "c");
    await nodeDisk.makeDirectory(path);
    await nodeDisk.makeDirectory(path);
    await writeFile(join(path, "file"), "");
    expect(await rejection(nodeDisk.makeDirectory(join(path, "file")))).to.have.property("code", "EEXIST");
    expect(await rejection(nodeDisk.makeDirectory(join(path, "file", "d")))).to.have.property(
      "code",
      "ENOTDIR",
    );
    expect(await nodeDisk.list(path)).to.deep.equal(["file"]);
  });

  it("takes no notice of a folder among the segments", async () => {
    const parts = { disk: nodeDisk, clock: systemClock, scheduler: systemScheduler, lock: null, fold: null };
    await mkdir(join(directory, "journal", "old"), { recursive: true });
    const { journal } = await openFileJournal({
      ...parts,
      directory,
      limits: SMALL,
      state: createBoxOffice(),
    });
    expect((await journal.append(history(1))).kind).to.equal("durable");
    await journal.close();
  });
});

describe("journal: writing everything", () => {
  /** Takes that many bytes at each write. */
  function fileThatTakes(bytes: number): DiskFile {
    return {
      size: () => Promise.resolve(0),
      read: () => Promise.resolve(0),
      write: (_bytes, _start, length, _position, done) => done(null, Math.min(bytes, length)),
      truncate: () => Promise.resolve(),
      sync: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
  }

  it("goes on while the disk takes anything, and fails when it takes nothing and gives no reason", async () => {
    await writeAll(fileThatTakes(1), Buffer.from("abc"), 0);
    const error = await rejection(writeAll(fileThatTakes(0), Buffer.from("abc"), 0));
    expect(error.message).to.equal("the disk took no bytes and gave no reason");
  });
});
