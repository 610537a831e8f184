import { expect } from "chai";
import { backUp } from "../../src/journal/backup.ts";
import { assertNoBackup, readMark } from "../../src/journal/backup-mark.ts";
import { DataDirectory } from "../../src/journal/data-directory.ts";
import { inspect } from "../../src/journal/inspection.ts";
import { createBoxOffice } from "../../src/box-office/box-office.ts";
import { BackupFault, JournalCorrupt, NoJournal } from "../../src/journal/fault.ts";
import { openFileJournal } from "../../src/journal/opening.ts";
import { restore } from "../../src/journal/restore.ts";
import type { Pause } from "../../src/journal/walk.ts";
import { dump, history, purchased, SMALL, stateAfter } from "./events.ts";
import { MemoryDisk, systemError } from "./memory-disk.ts";
import { appendEach, DIRECTORY, open, rejection, settle, TestTime } from "./opened.ts";
import { expectUntouched, smallLogWithSnapshots, TINY, withBitTurned, type SmallLog } from "./small-log.ts";

const LIMITS = { ...SMALL, ...TINY };
const TARGET = "/backup";
const OTHER = "/restored";

const none: Pause = () => Promise.resolve();

function backUpTo(disk: MemoryDisk, target = TARGET, pause: Pause | null = null, also: string[] = []) {
  return backUp({ disk, directory: DIRECTORY, target, limits: LIMITS, pause, also });
}

function restoreTo(disk: MemoryDisk, directory = OTHER, epochJump = 1_000, also: string[] = []) {
  return makeDirectory(disk, directory).then(() =>
    restore({ disk, from: TARGET, directory, limits: LIMITS, epochJump, also }),
  );
}

/** As taking the lock does. */
function makeDirectory(disk: MemoryDisk, path: string): Promise<void> {
  return disk.makeDirectory(path);
}

async function openAt(disk: MemoryDisk, directory: string) {
  const state = createBoxOffice();
  const time = new TestTime();
  const parts = {
    directory,
    disk,
    limits: LIMITS,
    clock: time,
    scheduler: time,
    state,
    lock: null,
    fold: null,
  };
  const { journal, replayed } = await openFileJournal(parts);
  await settle();
  return { journal, replayed, state };
}

function filesIn(disk: MemoryDisk, directory: string): Map<string, Buffer> {
  return new Map([...disk.contents()].filter(([path]) => path.startsWith(`${directory}/`)));
}

/** Fails each call of a copy in turn, and expects to be told of which of these directories it was. */
async function expectBlame(
  contents: ReadonlyMap<string, Buffer>,
  copy: (disk: MemoryDisk) => Promise<unknown>,
  kinds: Readonly<Record<string, string>>,
): Promise<void> {
  const counting = MemoryDisk.of(contents);
  await copy(counting);
  const blamed = new Set<string>();
  for (let nth = 1; nth <= counting.calls; nth++) {
    const disk = MemoryDisk.of(contents);
    let failed = "";
    disk.before = ({ path }) => {
      if (disk.calls !== nth) return;
      failed = `/${path.split("/")[1]}`;
      throw systemError("EIO", "i/o error");
    };
    const error = await rejection(copy(disk));
    expect(error, `call ${nth}`).to.include({ code: "DISK_FAILED" });
    expect(error.message).to.match(new RegExp(`^the ${kinds[failed]} ${failed} can't be used: failed`));
    blamed.add(failed);
  }
  expect([...blamed]).to.have.members(Object.keys(kinds));
}

describe("journal: backup", () => {
  let log: SmallLog;
  before(async () => {
    log = await smallLogWithSnapshots();
  });

  it("of a stopped sale, restored, is the same sale with a higher epoch", async () => {
    const disk = MemoryDisk.of(log.contents);
    const { copy, bytes } = await backUpTo(disk);
    expect(copy.end).to.include({ epoch: 2, first: 17 });
    expect(bytes).to.be.above(2_000);
    expect(await readMark(disk, TARGET)).to.deep.include(copy.end);
    const restored = await restoreTo(disk);
    expect(restored.epoch).to.equal(1_003);
    const again = await openAt(disk, OTHER);
    expect(again.journal.epoch).to.equal(1_003);
    expect(again.replayed.snapshotOffset).to.be.above(0);
    const original = await openAt(disk, DIRECTORY);
    expect(dump(again.state)).to.deep.equal(dump(original.state));
    expect(again.state.offset).to.equal(17);
  });

  it("leaves what it copies as it is", async () => {
    const disk = MemoryDisk.of(log.contents);
    await backUpTo(disk);
    expectUntouched(MemoryDisk.of(filesIn(disk, DIRECTORY)), log.contents);
    const backup = filesIn(disk, TARGET);
    await restoreTo(disk);
    expectUntouched(MemoryDisk.of(filesIn(disk, TARGET)), backup);
  });

  it("and what is restored from it survive a power loss just after", async () => {
    const disk = MemoryDisk.of(log.contents);
    await backUpTo(disk);
    const kept = disk.afterPowerLoss(() => false);
    expect([...filesIn(kept, TARGET).keys()]).to.deep.equal([...filesIn(disk, TARGET).keys()]);
    await restoreTo(kept);
    const again = await openAt(
      kept.afterPowerLoss(() => false),
      OTHER,
    );
    expect(again.state.offset).to.equal(17);
  });

  it("beside a writer holds all that was answered before it began, and ends with a whole frame", async () => {
    const { disk, journal } = await open(new MemoryDisk(), TINY);
    await appendEach(journal, history(15));
    let n = 15;
    let isWriting = false;
    disk.before = async ({ kind, path }) => {
      if (kind !== "read" || !path.startsWith(DIRECTORY) || isWriting || n >= 200) return;
      isWriting = true;
      await appendEach(journal, [purchased(n++)]);
      isWriting = false;
    };
    const { copy } = await backUpTo(disk, TARGET, none);
    disk.before = () => undefined;
    expect(n).to.be.above(16);
    const events = copy.end!.first;
    expect(events).to.be.within(15, n);
    await restoreTo(disk);
    const again = await openAt(disk, OTHER);
    expect(dump(again.state)).to.deep.equal(dump(stateAfter(history(events))));
    await journal.close();
  });

  it("leaves out an unfinished write, and what isn't the sale's", async () => {
    const { disk, journal } = await open(MemoryDisk.of(log.contents), TINY);
    await appendEach(journal, [purchased(17), purchased(18)]);
    await settle();
    disk.before = ({ kind }) => (kind === "write" ? new Promise<void>(() => undefined) : undefined);
    void journal.append([purchased(19)]);
    await settle();
    const found = MemoryDisk.of(
      disk
        .afterTornWrite((sector) => sector === 0)
        .contents()
        .set("/data/admin-token", Buffer.from("secret"))
        .set("/data/journal/0000000000000000.log.broken", Buffer.from("x"))
        .set("/data/journal.2026-01-01T00-00-00Z/0000000000000000.log", Buffer.from("x")),
    );
    const { copy } = await backUpTo(found);
    expect(copy.end).to.include({ first: 19 });
    expect(copy.segments.every(({ torn }) => torn === null)).to.equal(true);
    for (const path of filesIn(found, TARGET).keys())
      expect(path).to.match(/^\/backup\/(BACKUP|journal\/\d{16}\.log|snapshots\/\d{16}\.snap)$/);
  });

  it("brings other files along when asked, and says which were there", async () => {
    const disk = MemoryDisk.of(new Map(log.contents).set("/data/admin-token", Buffer.from("secret")));
    const { also } = await backUpTo(disk, TARGET, null, ["admin-token", "none"]);
    expect(also).to.deep.equal(["admin-token"]);
    const restored = await restoreTo(disk, OTHER, 5, ["admin-token", "none"]);
    expect(restored.also).to.deep.equal(["admin-token"]);
    expect(disk.contents().get("/restored/admin-token")!.toString()).to.equal("secret");
  });

  it("keeps the files that a directory has when one is restored into it", async () => {
    const disk = MemoryDisk.of(
      new Map(log.contents)
        .set("/data/admin-token", Buffer.from("secret"))
        .set("/restored/admin-token", Buffer.from("other")),
    );
    await backUpTo(disk, TARGET, null, ["admin-token"]);
    const { also } = await restoreTo(disk, OTHER, 5, ["admin-token"]);
    expect(also).to.deep.equal([]);
    expect(disk.contents().get("/restored/admin-token")!.toString()).to.equal("other");
  });

  it("of a log whose first segments are archived needs the snapshot that stands for them", async () => {
    const contents = new Map(log.contents);
    contents.delete("/data/journal/0000000000000000.log");
    const disk = MemoryDisk.of(contents);
    await backUpTo(disk);
    await restoreTo(disk);
    expect((await openAt(disk, OTHER)).state.offset).to.equal(17);
    for (const path of contents.keys()) if (path.endsWith(".snap")) contents.delete(path);
    const error = await rejection(backUpTo(MemoryDisk.of(contents)));
    expect(error).to.be.instanceOf(JournalCorrupt);
    expect(error.message).to.contain("no snapshot stands for them");
  });

  it("leaves out a snapshot that is damaged, and one that is removed while it is copied", async () => {
    const snapshots = [...log.contents.keys()].filter((path) => path.endsWith(".snap")).sort();
    const damaged = new Map(log.contents).set(snapshots[1]!, Buffer.from("x"));
    const disk = MemoryDisk.of(damaged);
    expect((await backUpTo(disk)).copy.snapshots).to.have.length(1);
    for (const nth of [1, 2]) {
      const live = MemoryDisk.of(log.contents);
      let opened = 0;
      live.before = async ({ kind, path }) => {
        if (kind === "open" && path === snapshots[0] && ++opened === nth) await live.remove(path);
      };
      const { copy } = await backUpTo(live, TARGET, none);
      expect(copy.snapshots).to.have.length(1);
      expect(copy.findings).to.deep.equal([]);
    }
  });

  it("is refused of a damaged journal, and leaves nothing that could be taken for a backup", async () => {
    for (const [path, bytes] of log.contents) {
      if (!path.endsWith(".log")) continue;
      const disk = MemoryDisk.of(new Map(log.contents).set(path, withBitTurned(bytes, 6_000)));
      expect(await rejection(backUpTo(disk))).to.include({ code: "JOURNAL_CORRUPT", file: path });
      expect(await rejection(readMark(disk, TARGET))).to.include({ code: "NOT_A_BACKUP" });
    }
    const renamed = new Map(log.contents).set(
      "/data/journal/x",
      log.contents.get("/data/journal/0000000000000000.log")!,
    );
    renamed.delete("/data/journal/0000000000000000.log");
    expect(await rejection(backUpTo(MemoryDisk.of(renamed)))).to.include({ file: "/data/journal/x" });
  });

  it("is refused where the target isn't empty, or there is nothing to copy, or that is a backup itself", async () => {
    const disk = MemoryDisk.of(new Map(log.contents).set("/backup/notes.txt", Buffer.from("x")));
    expect(await rejection(backUpTo(disk))).to.include({ code: "TARGET_NOT_EMPTY" });
    expect(filesIn(disk, TARGET).size).to.equal(1);
    const nothing = MemoryDisk.of(new Map([["/data/notes.txt", Buffer.from("x")]]));
    expect(await rejection(backUpTo(nothing))).to.be.instanceOf(NoJournal);
    const again = MemoryDisk.of(log.contents);
    await backUpTo(again);
    const parts = { disk: again, directory: TARGET, target: "/third", limits: LIMITS, pause: null, also: [] };
    expect(await rejection(backUp(parts))).to.include({ code: "IS_A_BACKUP" });
  });

  it("finds out that the target isn't empty before it reads what may take hours", async () => {
    const disk = MemoryDisk.of(new Map(log.contents).set("/backup/notes.txt", Buffer.from("x")));
    const read: string[] = [];
    disk.before = ({ kind, path }) => {
      if (kind === "read") read.push(path);
    };
    expect(await rejection(backUpTo(disk))).to.include({ code: "TARGET_NOT_EMPTY" });
    expect(read).to.deep.equal([]);
  });

  it("blames the directory that failed, whichever call of the disk it was", async () => {
    await expectBlame(log.contents, backUpTo, { [DIRECTORY]: "data directory", [TARGET]: "backup" });
  });

  it("is no backup when the disk fills up or the power goes before it is done", async () => {
    const counting = MemoryDisk.of(log.contents);
    const before = counting.calls;
    await backUpTo(counting);
    const calls = counting.calls - before;
    expect(calls).to.be.above(50);
    for (let nth = 1; nth < calls; nth += 3) {
      const disk = MemoryDisk.of(log.contents);
      disk.before = () => {
        if (disk.calls === nth) throw systemError("ENOSPC", "no space left on device");
      };
      expect(await rejection(backUpTo(disk))).to.be.instanceOf(Error);
      disk.before = () => undefined;
      const found = disk.afterPowerLoss((n) => n % 2 === 0);
      expect(await rejection(readMark(found, TARGET))).to.include({ code: "NOT_A_BACKUP" });
    }
  });

  it("is looked at as what it is: with its mark, which may be damaged or another's", async () => {
    const look = async (disk: MemoryDisk) =>
      inspect({ disk, directory: new DataDirectory(TARGET), limits: LIMITS, pause: null });
    const disk = MemoryDisk.of(log.contents);
    await backUpTo(disk);
    const whole = await look(disk);
    expect(whole).to.include({ isBackup: true, starts: null });
    expect(whole.findings).to.deep.equal([]);
    const mark = disk.contents().get("/backup/BACKUP")!;
    const damaged = MemoryDisk.of(disk.contents().set("/backup/BACKUP", withBitTurned(mark, 300)));
    expect((await look(damaged)).findings[0]).to.include({ file: "/backup/BACKUP", offset: 0 });
    const other = MemoryDisk.of((await smallLogWithSnapshots()).contents);
    await backUpTo(other);
    const foreign = MemoryDisk.of(
      disk.contents().set("/backup/BACKUP", other.contents().get("/backup/BACKUP")!),
    );
    expect((await look(foreign)).findings[0]!.what).to.contain("made of another journal");
    const segment = "/backup/journal/0000000000000000.log";
    const worse = MemoryDisk.of(disk.contents().set(segment, Buffer.alloc(1_024)));
    for (const path of disk.contents().keys()) if (path.startsWith("/backup/snap")) await worse.remove(path);
    expect((await look(worse)).findings.map(({ file }) => file)).to.deep.equal([segment]);
  });

  it("is never sold from", async () => {
    const disk = MemoryDisk.of(log.contents);
    await assertNoBackup(disk, DIRECTORY);
    await backUpTo(disk);
    const error = await rejection(assertNoBackup(disk, TARGET));
    expect(error).to.be.instanceOf(BackupFault).and.include({ code: "IS_A_BACKUP" });
    expect(error.message).to.contain(`bilheteria restore --from ${TARGET}`);
  });
});

describe("journal: restore", function () {
  this.timeout(60_000);
  let backup: Map<string, Buffer>;
  before(async () => {
    const { contents } = await smallLogWithSnapshots();
    const disk = MemoryDisk.of(contents);
    await backUpTo(disk);
    backup = filesIn(disk, TARGET);
  });

  it("gives no position that the original may have given after the backup", async () => {
    const { disk, journal } = await open(new MemoryDisk(), TINY);
    await appendEach(journal, history(5));
    await backUpTo(disk, TARGET, none);
    const given = new Set<string>();
    await appendEach(journal, [purchased(5), purchased(6)]);
    for (const offset of [5, 6]) given.add(`${journal.epoch}:${offset}`);
    await journal.close();
    const later = await open(disk, TINY);
    await appendEach(later.journal, [purchased(7)]);
    given.add(`${later.journal.epoch}:7`);
    await later.journal.close();
    await restoreTo(disk);
    const restored = await openAt(disk, OTHER);
    await appendEach(restored.journal, [purchased(5), purchased(6), purchased(7)]);
    for (const offset of [5, 6, 7]) expect(given).to.not.include(`${restored.journal.epoch}:${offset}`);
    expect(restored.journal.epoch).to.be.above(later.journal.epoch);
  });

  it("keeps the positions of what the backup holds", async () => {
    const disk = MemoryDisk.of(backup);
    await restoreTo(disk);
    const { state } = await openAt(disk, OTHER);
    const sale = [...state.sales.keys()][0]!;
    expect([...state.purchases!.ofSale(sale)].map(({ epoch }) => epoch)).to.deep.equal([
      ...Array.from({ length: 9 }, () => 1),
      ...Array.from({ length: 7 }, () => 2),
    ]);
  });

  it("works where the newest segment of the backup holds no event", async () => {
    const { disk, journal } = await open(new MemoryDisk(), TINY);
    await appendEach(journal, history(5));
    await journal.close();
    const idle = await open(disk, TINY);
    await idle.journal.close();
    await backUpTo(disk);
    expect((await restoreTo(disk)).epoch).to.equal(1_003);
    const { journal: restored, state } = await openAt(disk, OTHER);
    expect(restored.epoch).to.equal(1_003);
    expect(state.offset).to.equal(5);
  });

  it("works twice from one backup, and of what was restored", async () => {
    const disk = MemoryDisk.of(backup);
    await restoreTo(disk);
    await restoreTo(disk, "/second", 5_000);
    expect((await openAt(disk, "/second")).journal.epoch).to.equal(5_003);
    await backUp({ disk, directory: OTHER, target: "/again", limits: LIMITS, pause: null, also: [] });
    await makeDirectory(disk, "/third");
    await restore({ disk, from: "/again", directory: "/third", limits: LIMITS, epochJump: 7, also: [] });
    expect((await openAt(disk, "/third")).journal.epoch).to.equal(1_010);
  });

  it("refuses a directory that has a sale, or the rest of a restore, or is a backup", async () => {
    for (const path of [
      "/restored/journal/0000000000000000.log",
      "/restored/snapshots/0000000000000007.snap",
      "/restored/journal.restoring/x",
      "/restored/snapshots.restoring/x",
      "/restored/BACKUP",
    ]) {
      const disk = MemoryDisk.of(new Map(backup).set(path, Buffer.from("theirs")));
      expect(await rejection(restoreTo(disk)), path).to.include({ code: "SALE_EXISTS" });
      expect([...filesIn(disk, OTHER).keys()]).to.deep.equal([path]);
    }
  });

  it("refuses what isn't a finished backup", async () => {
    const unfinished = new Map(backup);
    unfinished.delete("/backup/BACKUP");
    expect(await rejection(restoreTo(MemoryDisk.of(unfinished)))).to.include({ code: "NOT_A_BACKUP" });
    const disk = MemoryDisk.of(backup);
    disk.before = ({ path }) => {
      if (path === "/backup/BACKUP") throw systemError("EACCES", "permission denied");
    };
    expect(await rejection(restoreTo(disk))).to.include({ code: "DISK_DENIED" });
  });

  it("blames the directory that failed, whichever call of the disk it was", async () => {
    await expectBlame(backup, restoreTo, { [TARGET]: "backup", [OTHER]: "data directory" });
  });

  it("refuses a backup with any bit turned, names the file, and leaves nothing that a start would take", async () => {
    let looked = 0;
    for (const [path, bytes] of backup) {
      const written = bytes.findLastIndex((byte) => byte !== 0) + 1;
      for (let bit = 0; bit < written * 8; bit += 101) {
        const disk = MemoryDisk.of(new Map(backup).set(path, withBitTurned(bytes, bit)));
        const error = await rejection(restoreTo(disk));
        if (!(error instanceof JournalCorrupt) || error.file !== path)
          expect.fail(`bit ${bit} of ${path}: ${String(error)}`);
        expect(filesIn(disk, OTHER).size).to.equal(0);
        looked += 1;
      }
    }
    expect(looked).to.be.above(400);
  });

  it("gives the whole sale or refuses, whichever file of the backup is missing", async () => {
    const whole = MemoryDisk.of(backup);
    await restoreTo(whole);
    const expected = dump((await openAt(whole, OTHER)).state);
    const refused: string[] = [];
    for (const path of backup.keys()) {
      const missing = new Map(backup);
      missing.delete(path);
      const disk = MemoryDisk.of(missing);
      try {
        await restoreTo(disk);
      } catch {
        refused.push(path);
        continue;
      }
      expect(dump((await openAt(disk, OTHER)).state)).to.deep.equal(expected);
    }
    // A snapshot may be missing, and so may a first segment that a snapshot stands for.
    expect(refused.filter((path) => path.endsWith(".snap"))).to.deep.equal([]);
    expect(refused).to.include("/backup/BACKUP").and.to.have.length.of.at.least(3);
  });

  it("notices a newest segment that is missing, or an older one of the same log in its place", async () => {
    const segments = [...backup.keys()].filter((path) => path.endsWith(".log")).sort();
    const bare = new Map([...backup].filter(([path]) => !path.endsWith(".snap")));
    bare.delete(segments.at(-1)!);
    const error = await rejection(restoreTo(MemoryDisk.of(bare)));
    expect(error).to.include({ code: "JOURNAL_CORRUPT", file: segments.at(-2) });
    expect(error.message).to.match(/ends there after \d+ events of epoch 1, and the backup was made of 17/);
  });

  it("refuses a mark of another log", async () => {
    const other = await smallLogWithSnapshots();
    const disk = MemoryDisk.of(other.contents);
    await backUpTo(disk);
    const mixed = new Map(backup).set("/backup/BACKUP", disk.contents().get("/backup/BACKUP")!);
    const error = await rejection(restoreTo(MemoryDisk.of(mixed)));
    expect(error.message).to.contain("made of another journal");
  });

  it("refuses when no epoch is left that a receipt could hold", async () => {
    const error = await rejection(restoreTo(MemoryDisk.of(backup), OTHER, 0xffff_fffd));
    expect(error).to.include({ code: "NO_EPOCH_LEFT" });
  });

  it("leaves no sale when it is stopped before it is done, and all of it afterwards", async () => {
    const counting = MemoryDisk.of(backup);
    await restoreTo(counting);
    const { calls } = counting;
    for (let nth = 1; nth <= calls; nth++) {
      const disk = MemoryDisk.of(backup);
      disk.before = () => {
        if (disk.calls === nth) throw systemError("EIO", "i/o error");
      };
      const error = await rejection(restoreTo(disk));
      expect(error).to.be.instanceOf(Error);
      disk.before = () => undefined;
      const found = disk.afterPowerLoss(() => true);
      const names = [...filesIn(found, OTHER).keys()].filter((path) => path.startsWith(`${OTHER}/journal/`));
      if (names.length > 0) expect((await openAt(found, OTHER)).state.offset).to.equal(17);
    }
  });
});
