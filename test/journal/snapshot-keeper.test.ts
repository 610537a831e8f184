import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { DataDirectory } from "../../src/journal/data-directory.ts";
import type { FoldJob, Folded } from "../../src/journal/fold-job.ts";
import { threadFolds, type FoldRunner } from "../../src/journal/fold-runner.ts";
import type { Note } from "../../src/journal/note.ts";
import { SnapshotKeeper } from "../../src/journal/snapshot-keeper.ts";
import { temporaryDirectory } from "../support/cleanup.ts";
import { eventually } from "../support/inbox.ts";
import { SMALL } from "./events.ts";
import { systemError } from "./memory-disk.ts";
import { DIRECTORY, settle } from "./opened.ts";

describe("journal: when a snapshot is due", () => {
  /** A keeper whose snapshots are as long as `lengthAt` says, by the offset that they end at. */
  function keeperOf(lengthAt: (upTo: number) => number, newestBytes = 0) {
    const folded: number[] = [];
    const fold: FoldRunner = {
      snapshot: ({ upTo }: FoldJob) => {
        folded.push(upTo);
        const result: Folded = { path: "x", bytes: lengthAt(upTo), purchases: upTo };
        return { result: Promise.resolve(result), cancel: () => Promise.resolve() };
      },
      recount: () => {
        throw new Error("nobody asked for it");
      },
    };
    const keeper = new SnapshotKeeper({
      directory: new DataDirectory(DIRECTORY),
      limits: { ...SMALL, snapshotEveryBytes: 100 },
      newestBytes,
      fold,
      onNote: () => undefined,
    });
    let offset = 0;
    const seal = async (bytes: number): Promise<void> => {
      keeper.sealed((offset += bytes), bytes);
      await settle();
    };
    return { seal, folded };
  }

  it("the first is after as much sealed journal as the limit says", async () => {
    const { seal, folded } = keeperOf(() => 1);
    await seal(60);
    await seal(39);
    expect(folded).to.deep.equal([]);
    await seal(1);
    expect(folded).to.deep.equal([100]);
  });

  it("one after a short one is due at the limit again", async () => {
    const { seal, folded } = keeperOf(() => 1);
    await seal(130);
    await seal(99);
    expect(folded).to.deep.equal([130]);
    await seal(1);
    expect(folded).to.deep.equal([130, 230]);
  });

  it("one after a long one is due when as much journal follows as that one is long", async () => {
    const { seal, folded } = keeperOf(() => 250);
    await seal(100);
    await seal(249);
    expect(folded).to.deep.equal([100]);
    await seal(1);
    expect(folded).to.deep.equal([100, 350]);
  });

  it("one after a start is held against the one that the start found", async () => {
    const { seal, folded } = keeperOf(() => 1, 500);
    await seal(499);
    expect(folded).to.deep.equal([]);
    await seal(1);
    expect(folded).to.deep.equal([500]);
  });

  it("all together write no more than twice the journal, however long it grows", async () => {
    let written = 0;
    const { seal } = keeperOf((upTo) => {
      written += upTo;
      return upTo;
    });
    for (let n = 1; n <= 200; n++) {
      await seal(64);
      expect(written).to.be.at.most(2 * 64 * n);
    }
    expect(written).to.be.above(64 * 100);
  });
});

describe("journal: a snapshot that fails", () => {
  /** A keeper whose folds end as the caller says, the oldest first. */
  function keeperThatWaits() {
    const folded: number[] = [];
    const notes: Note[] = [];
    const settles: { resolve: (folded: Folded) => void; reject: (cause: unknown) => void }[] = [];
    const fold: FoldRunner = {
      snapshot: ({ upTo }: FoldJob) => {
        folded.push(upTo);
        const result = new Promise<Folded>((resolve, reject) => settles.push({ resolve, reject }));
        return { result, cancel: () => Promise.resolve() };
      },
      recount: () => {
        throw new Error("nobody asked for it");
      },
    };
    const keeper = new SnapshotKeeper({
      directory: new DataDirectory(DIRECTORY),
      limits: { ...SMALL, snapshotEveryBytes: 100 },
      newestBytes: 0,
      fold,
      onNote: (note) => notes.push(note),
    });
    let offset = 0;
    const seal = (bytes: number): void => keeper.sealed((offset += bytes), bytes);
    const fails = async (cause: unknown): Promise<void> => {
      settles.shift()!.reject(cause);
      await settle();
    };
    const succeeds = async (upTo: number): Promise<void> => {
      settles.shift()!.resolve({ path: "x", bytes: 1, purchases: upTo });
      await settle();
    };
    return { seal, fails, succeeds, folded, notes };
  }

  it("is tried again when as much journal again was sealed: each try reads all of it", async () => {
    const { seal, fails, folded, notes } = keeperThatWaits();
    for (let n = 1; n <= 16; n++) {
      seal(100);
      if (folded.length > notes.length) await fails(new Error("no space left"));
    }
    expect(folded).to.deep.equal([100, 200, 400, 800, 1600]);
    expect(notes.map(({ kind }) => kind)).to.deep.equal(folded.map(() => "snapshot_failed"));
  });

  it("waits for as much as was sealed until it failed, and no longer once one was written", async () => {
    const { seal, fails, succeeds, folded } = keeperThatWaits();
    seal(100);
    seal(150);
    await fails(new Error("no space left"));
    seal(249);
    expect(folded).to.deep.equal([100]);
    seal(1);
    expect(folded).to.deep.equal([100, 500]);
    await succeeds(500);
    seal(100);
    expect(folded).to.deep.equal([100, 500, 600]);
  });

  it("is told with what becomes of the sale, and when it is tried again", async () => {
    const { seal, fails, notes } = keeperThatWaits();
    seal(100);
    await fails(systemError("ENOSPC", "no space left on device"));
    expect(notes[0]?.message).to.match(
      /^no snapshot could be written: .*no space left on device[^.]*\. The sale/,
    );
    expect(notes[0]?.message)
      .to.include("The sale goes on")
      .and.include("the next start takes longer")
      .and.include("tried again when the journal has grown as much again");
  });

  it("because of damage says that a start may refuse it, and doesn't advise to begin anew meanwhile", async () => {
    const files = { "0000000000000000.log": Buffer.alloc(4_096, 1), "0000000000000005.log": Buffer.alloc(9) };
    const directory = await temporaryDirectory();
    for (const folder of ["journal", "snapshots"]) await mkdir(join(directory, folder));
    for (const [name, bytes] of Object.entries(files))
      await writeFile(join(directory, "journal", name), bytes);
    const notes: Note[] = [];
    const keeper = new SnapshotKeeper({
      directory: new DataDirectory(directory),
      limits: { ...SMALL, snapshotEveryBytes: 100 },
      newestBytes: 0,
      // In a thread, as in production: what it throws is of no class here.
      fold: threadFolds,
      onNote: (note) => notes.push(note),
    });
    keeper.sealed(5, 4_096);
    await eventually(() => notes.length > 0, "it fails");
    await keeper.close();
    expect(notes[0]?.message)
      .to.match(/^no snapshot could be written: .+\.log is damaged at byte 0: [^.]+\. The sale goes on/)
      .and.include("a start may refuse")
      .and.include("bilheteria verify")
      .and.not.include("start with another one")
      .and.not.include("takes longer");
  });
});
