/** What happens at the edges: closing in the middle of something, faults without words, limits that contradict. */
import { expect } from "chai";
import {
  BackupFault,
  DataDirectoryInUse,
  explainNoSpace,
  messageOf,
  systemCode,
} from "../../src/journal/fault.ts";
import { backUp } from "../../src/journal/backup.ts";
import { DataDirectory } from "../../src/journal/data-directory.ts";
import type { Folded } from "../../src/journal/fold-job.ts";
import { foldsInPlace, threadFolds, type FoldRunner } from "../../src/journal/fold-runner.ts";
import { inspect } from "../../src/journal/inspection.ts";
import { assertLimits } from "../../src/journal/limits.ts";
import { SnapshotKeeper } from "../../src/journal/snapshot-keeper.ts";
import type { Note } from "../../src/journal/note.ts";
import { openFileJournal } from "../../src/journal/opening.ts";
import { restore } from "../../src/journal/restore.ts";
import { createBoxOffice } from "../../src/box-office/box-office.ts";
import { created, dump, history, purchased, SALE, SMALL, stateAfter } from "./events.ts";
import { MemoryDisk, systemError } from "./memory-disk.ts";
import { appendEach, DIRECTORY, open, rejection, settle, TestTime } from "./opened.ts";
import { smallLog, smallLogWithSnapshots, TINY } from "./small-log.ts";

describe("journal: limits", () => {
  for (const [title, wrong] of [
    ["a step of half sectors", { stepBytes: 1_000 }],
    ["a segment of half steps", { segmentBytes: 3_000 }],
    ["a frame as long as a step", { maxFrameBytes: SMALL.stepBytes }],
    ["less space ahead than a frame", { roomAheadBytes: SMALL.maxFrameBytes }],
  ] as const) {
    it(`with ${title} are refused`, () => {
      expect(() => assertLimits({ ...SMALL, ...wrong })).to.throw(RangeError);
    });
  }
});

describe("journal: an append that was prepared", () => {
  it("has its events written as soon as they are told, and not again", async () => {
    const { disk, journal } = await open();
    const events = history(3);
    let looks = 0;
    const { at } = events[2]!;
    Object.defineProperty(events[2], "at", { enumerable: true, get: () => ((looks += 1), at) });
    journal.prepare(events);
    expect(looks).to.be.greaterThan(0);
    const before = looks;
    expect((await journal.append(events)).kind).to.equal("durable");
    expect(looks).to.equal(before);
    await journal.close();
    const { state } = await open(disk);
    expect(dump(state)).to.deep.equal(dump(stateAfter(history(3))));
  });
});

describe("journal: faults", () => {
  it("are told in words, whatever was thrown", () => {
    expect(messageOf(new Error("full"))).to.equal("full");
    expect(messageOf("full")).to.equal("full");
    expect(explainNoSpace("full")).to.contain("full. Check the disk");
    expect(explainNoSpace(systemError("EDQUOT", "over"))).to.contain("raise the quota");
  });

  it("have the system's code only if they are the system's", () => {
    expect(systemCode(systemError("ENOSPC", "full"))).to.equal("ENOSPC");
    expect(systemCode(Object.assign(new Error("odd"), { syscall: "write" }))).to.equal(null);
    expect(systemCode(Object.assign(new Error("odd"), { syscall: "write", code: 5 }))).to.equal(null);
    expect(systemCode("ENOSPC")).to.equal(null);
    expect(new DataDirectoryInUse("/data", null)).to.include({ pid: null });
  });
});

describe("journal: an append at the wrong time", () => {
  it("while another is in flight stops the journal: it was never meant to be so", async () => {
    const { journal } = await open();
    const first = journal.append([created()]);
    expect(await journal.append([purchased(1)])).to.include({ kind: "unknown" });
    await first;
    expect(journal.health()).to.have.property("ok", false);
  });

  it("without asking for room fails with the reason why there is none", async () => {
    const { disk, journal } = await open();
    await settle();
    disk.before = ({ kind, path }) => {
      if (kind === "truncate" || (kind === "open" && path.endsWith("spare.tmp")))
        throw systemError("ENOSPC", "no space left on device");
    };
    let result = await journal.append([created()]);
    for (let n = 1; result.kind === "durable"; n++) {
      result = await journal.append([purchased(n)]);
      await settle();
    }
    expect(result).to.have.property("kind", "unknown");
    expect(result).to.have.property("message").that.contains("ENOSPC");
    expect(journal.hasRoom()).to.equal(false);
  });

  it("waits for space that is still being made, and health says so meanwhile", async () => {
    const { disk, journal } = await open();
    await settle();
    let answer: () => void = () => undefined;
    disk.before = ({ kind }) =>
      kind === "truncate" ? new Promise<void>((resolve) => (answer = resolve)) : undefined;
    await journal.append([created()]);
    let n = 1;
    while (journal.hasRoom()) {
      await journal.append([purchased(n++)]);
      await settle();
    }
    expect(journal.health()).to.deep.equal({ ok: false, why: "space for the journal is still being made" });
    disk.before = () => undefined;
    answer();
    await settle();
    expect(journal.health()).to.deep.equal({ ok: true });
    await journal.close();
  });
});

describe("journal: opening and closing", () => {
  it("closes the file again when the segment can't be begun", async () => {
    const disk = new MemoryDisk();
    disk.before = ({ kind }) => {
      if (kind === "truncate") throw systemError("ENOSPC", "no space left on device");
    };
    expect(await rejection(open(disk))).to.have.property("code", "DISK_FULL");
  });

  it("tries no more for space once it is closed", async () => {
    const { disk, journal, time } = await open();
    await settle();
    let refuse: (error: Error) => void = () => undefined;
    disk.before = ({ kind }) =>
      kind === "truncate" ? new Promise<void>((_, reject) => (refuse = reject)) : undefined;
    await appendEach(journal, history(6));
    await settle();
    const closed = journal.close();
    refuse(systemError("ENOSPC", "no space left on device"));
    await closed;
    expect(time.timers).to.equal(0);
  });

  it("needs nobody who listens to its notes, and lets go of its lock", async () => {
    const torn = await open();
    await appendEach(torn.journal, history(2));
    await settle();
    const contents = torn.disk.contents();
    const segment = contents.get("/data/journal/0000000000000000.log")!;
    const end = segment.findLastIndex((byte) => byte !== 0) + 1;
    segment.write("B", Math.ceil(end / 512) * 512);
    const time = new TestTime();
    let released = 0;
    const { journal, replayed } = await openFileJournal({
      directory: DIRECTORY,
      disk: MemoryDisk.of(contents.set("/data/snapshots/0000000000000001.snap", Buffer.from("x"))),
      limits: SMALL,
      clock: time,
      scheduler: time,
      state: createBoxOffice(),
      lock: { release: () => Promise.resolve(void released++) },
      fold: null,
    });
    expect(replayed.events).to.equal(2);
    await journal.close();
    expect(released).to.equal(1);
  });
});

describe("journal: a fold that is given up", () => {
  it("in a thread rejects, and ends the thread", async () => {
    const job = {
      kind: "recount",
      directory: "/nowhere",
      sale: SALE,
      upTo: 1,
      maxFrameBytes: 1_000,
    } as const;
    const running = threadFolds.recount(job);
    const rejected = rejection(running.result);
    await running.cancel();
    expect(await rejected).to.be.instanceOf(Error);
  });

  it("in place goes on to its end", async () => {
    const { disk, journal } = await open();
    await appendEach(journal, history(3));
    const job = { kind: "recount", directory: DIRECTORY, sale: SALE, upTo: 3 } as const;
    const running = foldsInPlace(disk).recount({ ...job, maxFrameBytes: SMALL.maxFrameBytes });
    await running.cancel();
    expect(await running.result).to.include({ sold: 2 });
  });

  it("by closing leaves no note, and one that failed with no error leaves its words", async () => {
    const notes: Note[] = [];
    const rejects: ((cause: unknown) => void)[] = [];
    const fold: FoldRunner = {
      snapshot: () => {
        const result = new Promise<Folded>((_, reject) => rejects.push(reject));
        return { result, cancel: () => Promise.resolve(rejects.at(-1)?.(new Error("given up"))) };
      },
      recount: () => {
        throw new Error("nobody asked for it");
      },
    };
    const parts = {
      directory: new DataDirectory(DIRECTORY),
      limits: { ...SMALL, snapshotEveryBytes: 10 },
      newestBytes: 0,
      fold,
    };
    const keeper = new SnapshotKeeper({ ...parts, onNote: (note) => notes.push(note) });
    keeper.sealed(5, 100);
    rejects[0]!("no reason");
    await settle();
    expect(notes[0]?.message).to.match(/^no snapshot could be written: no reason\. /);
    keeper.sealed(9, 100);
    await keeper.close();
    keeper.sealed(12, 100);
    expect(rejects).to.have.length(2);
    expect(notes).to.have.length(1);
  });
});

describe("journal: files that change under the hands of a copy", () => {
  const limits = { ...SMALL, ...TINY };

  async function backedUp(change: (bytes: Buffer) => Buffer): Promise<Error> {
    const { contents } = await smallLog();
    const newest = [...contents.keys()].sort().at(-1)!;
    const disk = MemoryDisk.of(contents);
    const name = newest.replace("/data/", "/backup/");
    disk.before = async ({ kind, path }) => {
      if (kind !== "open" || path !== name) return;
      disk.before = () => undefined;
      const file = await disk.open(newest, "durable");
      const bytes = change(contents.get(newest)!);
      await file.truncate(bytes.length);
      await new Promise<void>((resolve) => file.write(bytes, 0, bytes.length, 0, () => resolve()));
    };
    const parts = { disk, directory: DIRECTORY, target: "/backup", limits, pause: null, also: [] };
    return rejection(backUp(parts));
  }

  it("are noticed when the copy is read back", async () => {
    const error = await backedUp((bytes) => {
      const cut = Buffer.from(bytes);
      cut.fill(0, bytes.lastIndexOf("BILe", undefined, "latin1"));
      return cut;
    });
    expect(error).to.be.instanceOf(BackupFault).and.include({ code: "COPY_DIFFERS" });
  });

  it("are noticed when they become shorter", async () => {
    const error = await backedUp((bytes) => bytes.subarray(0, 600));
    expect(error.message).to.contain("became shorter while it was copied");
  });

  it("are noticed in what was restored", async () => {
    const { contents } = await smallLog();
    const disk = MemoryDisk.of(contents);
    const parts = { disk, limits };
    await backUp({ ...parts, directory: DIRECTORY, target: "/backup", pause: null, also: [] });
    await disk.makeDirectory("/other");
    disk.before = async ({ kind, path }) => {
      // The new epoch's segment goes: what is left is sound, and isn't what it should be.
      if (kind !== "syncDirectory" || path !== "/other/journal.restoring") return;
      const epochs = [...disk.contents().keys()].filter((name) =>
        name.startsWith("/other/journal.restoring/"),
      );
      if (epochs.length === 4) await disk.remove(epochs.sort().at(-1)!);
    };
    const error = await rejection(
      restore({ ...parts, from: "/backup", directory: "/other", epochJump: 5, also: [] }),
    );
    expect(error).to.include({ code: "COPY_DIFFERS" });
  });
});

describe("journal: inspection of what goes away or can't be read", () => {
  const options = { directory: new DataDirectory(DIRECTORY), limits: { ...SMALL, ...TINY } };

  it("passes over a snapshot without a segment that is removed meanwhile", async () => {
    const { contents } = await smallLog();
    const stray = "/data/snapshots/0000000000000016.snap";
    const disk = MemoryDisk.of(contents.set(stray, Buffer.from("x")));
    disk.before = async ({ kind, path }) => {
      if (kind !== "open" || path !== stray) return;
      disk.before = () => undefined;
      await disk.remove(stray);
    };
    const found = await inspect({ ...options, disk, pause: () => Promise.resolve() });
    expect(found.snapshots).to.deep.equal([]);
    expect(found.findings).to.deep.equal([]);
  });

  it("fails where a snapshot is gone though nobody sells, or a mark can't be read", async () => {
    const { contents } = await smallLogWithSnapshots();
    const disk = MemoryDisk.of(contents);
    disk.before = ({ kind, path }) => {
      if (kind === "open" && path.endsWith(".snap")) throw systemError("ENOENT", "gone");
    };
    expect(await rejection(inspect({ ...options, disk, pause: null }))).to.include({ code: "DISK_FAILED" });
    const marked = MemoryDisk.of(contents.set("/data/BACKUP", Buffer.from("x")));
    marked.before = ({ kind, path }) => {
      if (kind === "open" && path.endsWith("BACKUP")) throw systemError("EACCES", "denied");
    };
    expect(await rejection(inspect({ ...options, disk: marked, pause: null }))).to.include({
      code: "DISK_DENIED",
    });
  });

  it("passes on that a stranger among the segments can't be read", async () => {
    const { contents } = await smallLog();
    const disk = MemoryDisk.of(contents.set("/data/journal/notes", Buffer.from("x")));
    disk.before = ({ kind, path }) => {
      if (kind === "read" && path.endsWith("notes")) throw systemError("EIO", "i/o error");
    };
    expect(await rejection(inspect({ ...options, disk, pause: null }))).to.include({ code: "DISK_FAILED" });
  });
});
