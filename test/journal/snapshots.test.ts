import { expect } from "chai";
import { auditSale } from "../../src/box-office/box-office.ts";
import { JournalCorrupt } from "../../src/journal/fault.ts";
import { foldSnapshot } from "../../src/journal/fold.ts";
import { foldsInPlace } from "../../src/journal/fold-runner.ts";
import { recountSale } from "../../src/journal/recount.ts";
import { created, dump, history, purchased, SALE, SMALL, stateAfter } from "./events.ts";
import { MemoryDisk, systemError } from "./memory-disk.ts";
import { appendEach, DIRECTORY, open, rejection, settle, type Opened } from "./opened.ts";
import { smallLogWithSnapshots, TINY } from "./small-log.ts";

const LIMITS = { snapshotEveryBytes: 5_000 };

function snapshotsOf(disk: MemoryDisk): string[] {
  return [...disk.contents().keys()].filter((path) => path.endsWith(".snap")).sort();
}

/** Stops in good order and finds everything on the disk. */
async function restart(
  { disk, journal }: Opened,
  change?: (contents: Map<string, Buffer>) => void,
): Promise<Opened> {
  await settle();
  await journal.close();
  const contents = disk.contents();
  change?.(contents);
  return open(MemoryDisk.of(contents), LIMITS);
}

async function sold(events: number): Promise<Opened> {
  const opened = await open(new MemoryDisk(), LIMITS);
  for (const event of history(events)) {
    await appendEach(opened.journal, [event]);
    await settle();
  }
  return opened;
}

describe("journal: snapshots", () => {
  it("are folded when enough sealed journal lies after the newest, and the two newest are kept", async () => {
    const opened = await sold(150);
    expect(opened.notes.filter(({ kind }) => kind === "snapshot").length).to.be.above(2);
    expect(snapshotsOf(opened.disk)).to.have.length(2);
  });

  it("aren't folded by a start before as much journal follows the newest as that one is long", async () => {
    const opened = await sold(60);
    await opened.journal.close();
    let contents = opened.disk.contents();
    const [newest] = snapshotsOf(opened.disk).slice(-1);
    const length = contents.get(newest!)!.length;
    let before = 0;
    for (let n = 60; ; n++) {
      const { disk, journal, replayed, notes } = await open(MemoryDisk.of(contents), {
        snapshotEveryBytes: 1,
      });
      await settle();
      const isFolded = notes.some(({ kind }) => kind === "snapshot");
      expect(isFolded).to.equal(replayed.bytes >= length);
      if (isFolded) break;
      before += 1;
      await appendEach(journal, [purchased(n)]);
      await journal.close();
      contents = disk.contents();
    }
    expect(before).to.be.above(1);
  });

  it("let a start replay only what follows, to the same state", async () => {
    const opened = await sold(100);
    const again = await restart(opened);
    expect(again.replayed.snapshotOffset).to.be.above(20);
    expect(again.replayed.events).to.equal(100 - again.replayed.snapshotOffset!);
    expect(dump(again.state)).to.deep.equal(dump(stateAfter(history(100))));
  });

  it("keep the receipts of several epochs as they were given", async () => {
    const first = await sold(60);
    const second = await restart(first);
    await appendEach(second.journal, [purchased(60), purchased(61)]);
    const third = await restart(second);
    const receipts = [...third.state.purchases!.ofSale(SALE)];
    expect(receipts.at(10)).to.deep.include({ epoch: 1, offset: 11 });
    expect(receipts.at(60)).to.deep.include({ epoch: 2, offset: 61 });
  });

  it("hold sales and books of every kind", async () => {
    const opened = await open(new MemoryDisk(), LIMITS);
    const other = "other" as typeof SALE;
    await appendEach(opened.journal, [
      created(),
      created(other),
      { type: "restocked", v: 1, at: 1_001, sale: other, quantity: 5 },
      { type: "paused", v: 1, at: 1_002, sale: other },
    ]);
    for (let n = 1; n < 60; n++) await appendEach(opened.journal, [purchased(n)]);
    const again = await restart(opened);
    expect(again.replayed.snapshotOffset).to.be.above(4);
    const expected = await restart(again, (contents) => {
      for (const path of contents.keys()) if (path.endsWith(".snap")) contents.delete(path);
    });
    expect(expected.replayed.snapshotOffset).to.equal(null);
    expect(dump(again.state)).to.deep.equal(dump(expected.state));
  });

  it("are passed over when damaged anywhere, for the older one", async () => {
    const opened = await sold(100);
    const [, newest] = snapshotsOf(opened.disk);
    const size = opened.disk.contents().get(newest!)!.length;
    for (let at = 0; at < size; at += 149) {
      const again = await restart(opened, (contents) => (contents.get(newest!)![at]! ^= 4));
      expect(again.notes[0]).to.include({ kind: "snapshot_skipped" });
      expect(again.notes[0]!.message).to.contain(newest);
      expect(again.replayed.snapshotOffset).to.be.below(Number(/\d+/.exec(newest!)![0]));
      expect(again.state.offset).to.equal(100);
    }
  });

  it("are passed over when cut anywhere", async () => {
    const opened = await sold(60);
    const newest = snapshotsOf(opened.disk).at(-1)!;
    const whole = opened.disk.contents().get(newest)!;
    for (let length = 0; length < whole.length; length += 151) {
      const again = await restart(opened, (contents) => contents.set(newest, whole.subarray(0, length)));
      expect(again.notes[0]).to.include({ kind: "snapshot_skipped" });
      expect(dump(again.state)).to.deep.equal(dump(stateAfter(history(60))));
    }
  });

  it("are passed over when cut just before the frame that says nothing is missing", async () => {
    const opened = await sold(60);
    const newest = snapshotsOf(opened.disk).at(-1)!;
    const whole = opened.disk.contents().get(newest)!;
    const end = whole.lastIndexOf("BILz", undefined, "latin1");
    const again = await restart(opened, (contents) => contents.set(newest, whole.subarray(0, end)));
    expect(again.notes[0]).to.include({ kind: "snapshot_skipped" });
    expect(again.state.offset).to.equal(60);
  });

  it("are replaced by the whole journal when all are damaged", async () => {
    const again = await restart(await sold(100), (contents) => {
      for (const [path, bytes] of contents) if (path.endsWith(".snap")) bytes.fill(0, 600, 700);
    });
    expect(again.replayed).to.include({ snapshotOffset: null, events: 100 });
    expect(dump(again.state)).to.deep.equal(dump(stateAfter(history(100))));
  });

  it("stand for segments that are gone", async () => {
    const again = await restart(await sold(100), removeOldSegments);
    expect(dump(again.state)).to.deep.equal(dump(stateAfter(history(100))));
  });

  it("don't hide that segments are gone when they are damaged themselves", async () => {
    const opened = await sold(100);
    const error = await rejection(
      restart(opened, (contents) => {
        removeOldSegments(contents);
        for (const [path, bytes] of contents) if (path.endsWith(".snap")) bytes.fill(0, 600, 700);
      }),
    );
    expect(error).to.be.instanceOf(JournalCorrupt);
    expect(error.message).to.contain("no snapshot stands for them").and.to.contain(".snap");
  });

  it("tell when the newest segments are gone", async () => {
    const opened = await sold(100);
    const error = await rejection(
      restart(opened, (contents) => {
        for (const path of contents.keys())
          if (path.endsWith(".log") && !path.includes("0000.log")) contents.delete(path);
      }),
    );
    expect(error).to.be.instanceOf(JournalCorrupt);
    expect(error.message).to.contain("is missing");
  });

  it("cost nothing but time when they can't be written", async () => {
    const opened = await open(new MemoryDisk(), LIMITS);
    opened.disk.before = ({ path }) => {
      if (path.includes("snapshots")) throw systemError("ENOSPC", "no space left on device");
    };
    await appendEach(opened.journal, history(60));
    await settle();
    expect(opened.notes[0]).to.include({ kind: "snapshot_failed" });
    expect(opened.journal.health()).to.deep.equal({ ok: true });
    expect((await restart(opened)).state.offset).to.equal(60);
  });
});

describe("journal: a snapshot that can't be finished", () => {
  /** Of a log that has one snapshot already. */
  async function unfolded() {
    const { contents } = await smallLogWithSnapshots();
    const newest = snapshotsOf(MemoryDisk.of(contents)).at(-1)!;
    contents.delete(newest);
    const upTo = Number(/\d+/.exec(newest)![0]);
    const maxFrameBytes = TINY.maxFrameBytes;
    return {
      contents,
      newest,
      job: { kind: "snapshot", directory: DIRECTORY, upTo, maxFrameBytes } as const,
    };
  }

  function unfinishedOn(disk: MemoryDisk): string[] {
    return [...disk.contents().keys()].filter((path) => path.endsWith(".snap.tmp"));
  }

  it("leaves nothing behind, whichever call of the disk fails", async () => {
    const { contents, job, newest } = await unfolded();
    const counting = MemoryDisk.of(contents);
    await foldSnapshot(counting, job);
    expect(snapshotsOf(counting)).to.include(newest);
    expect(counting.calls).to.be.above(20);
    for (let nth = 1; nth <= counting.calls; nth++) {
      const disk = MemoryDisk.of(contents);
      disk.before = () => {
        if (disk.calls === nth) throw systemError("ENOSPC", "no space left on device");
      };
      const error = await rejection(foldSnapshot(disk, job));
      expect(error.message).to.contain("ENOSPC");
      expect(unfinishedOn(disk), `after call ${nth}`).to.deep.equal([]);
      expect(disk.openFiles, `after call ${nth}`).to.equal(0);
    }
  });

  it("says why, also where what it left can't be removed", async () => {
    const { contents, job } = await unfolded();
    const disk = MemoryDisk.of(contents);
    disk.before = ({ kind }) => {
      if (kind === "sync") throw systemError("ENOSPC", "no space left on device");
      if (kind === "remove") throw systemError("EACCES", "permission denied");
    };
    expect((await rejection(foldSnapshot(disk, job))).message).to.contain("ENOSPC");
  });

  it("makes room for the next: what a thread that was killed left is removed before one is begun", async () => {
    const { contents, job, newest } = await unfolded();
    const left = "/data/snapshots/0000000000000003.snap.tmp";
    const spare = "/data/journal/spare.tmp";
    const disk = MemoryDisk.of(contents.set(left, Buffer.from("x")).set(spare, Buffer.from("x")));
    let begun: string[] | null = null;
    disk.before = ({ kind }) => {
      if (kind === "write") begun ??= unfinishedOn(disk);
    };
    await foldSnapshot(disk, job);
    expect(begun).to.deep.equal([`${newest}.tmp`]);
    expect([...disk.contents().keys()]).to.include.members([newest, spare]);
  });
});

describe("journal: recount", () => {
  it("counts from the disk what the running totals say, at any durable offset", async () => {
    const opened = await sold(90);
    for (const upTo of [1, 2, 17, 50, 90]) {
      const audit = await recount(opened.disk, upTo);
      expect(audit).to.deep.equal(auditSale(stateAfter(history(upTo)).sales.get(SALE)!, upTo));
    }
  });

  it("begins with a snapshot where the first segments are gone", async () => {
    const opened = await sold(100);
    await opened.journal.close();
    const contents = opened.disk.contents();
    removeOldSegments(contents);
    const audit = await recount(MemoryDisk.of(contents), 100);
    expect(audit).to.deep.equal(auditSale(stateAfter(history(100)).sales.get(SALE)!, 100));
  });

  it("fails for a sale that doesn't exist yet", async () => {
    const opened = await sold(3);
    const job = { directory: DIRECTORY, sale: "none" as typeof SALE, upTo: 3 };
    const error = await rejection(
      recountSale({ ...job, fold: foldsInPlace(opened.disk), maxFrameBytes: SMALL.maxFrameBytes }),
    );
    expect(error.message).to.contain('no sale "none"');
  });
});

function recount(disk: MemoryDisk, upTo: number) {
  const { maxFrameBytes } = SMALL;
  return recountSale({ directory: DIRECTORY, sale: SALE, upTo, fold: foldsInPlace(disk), maxFrameBytes });
}

/** Leaves only the segments that follow the oldest snapshot. */
function removeOldSegments(contents: Map<string, Buffer>): void {
  const oldest = [...contents.keys()].filter((path) => path.endsWith(".snap")).sort()[0]!;
  const first = Number(/(\d{16})\.snap/.exec(oldest)![1]);
  for (const path of contents.keys()) {
    const segment = /(\d{16})\.log$/.exec(path);
    if (segment !== null && Number(segment[1]) < first) contents.delete(path);
  }
}
