import { expect } from "chai";
import type { SaleEvent } from "../../src/box-office/event.ts";
import type { SaleId } from "../../src/box-office/sale.ts";
import { FILE_HEADER_BYTES } from "../../src/journal/file-header.ts";
import { JournalCorrupt } from "../../src/journal/fault.ts";
import { FRAME_HEADER_BYTES } from "../../src/journal/frame.ts";
import { created, dump, history, purchased, SMALL, stateAfter } from "./events.ts";
import { MemoryDisk, systemError } from "./memory-disk.ts";
import { appendEach, open, rejection, settle } from "./opened.ts";
import { smallLog, TINY } from "./small-log.ts";

describe("journal: recovery of a damaged log", () => {
  let contents: Map<string, Buffer>;
  before(async () => {
    ({ contents } = await smallLog());
  });

  it("has several segments to begin with", () => {
    expect(contents.size).to.be.at.least(3);
  });

  it("refuses to start without any one of the segments but the newest", async () => {
    const paths = [...contents.keys()].sort();
    for (const path of paths.slice(0, -1)) {
      const missing = new Map(contents);
      missing.delete(path);
      const error = await rejection(open(MemoryDisk.of(missing), TINY));
      expect(error).to.be.instanceOf(JournalCorrupt);
    }
  });

  it("refuses anything but zeros behind the frames of a segment that another follows", async () => {
    const [first] = [...contents.keys()].sort();
    const bytes = Buffer.from(contents.get(first!)!);
    bytes[bytes.length - 1] = 3;
    const error = await rejection(open(MemoryDisk.of(new Map(contents).set(first!, bytes)), TINY));
    expect(error).to.include({ code: "JOURNAL_CORRUPT", file: first });
  });

  it("refuses to start if two segments are exchanged", async () => {
    const [first, second] = [...contents.keys()].sort();
    const exchanged = new Map(contents)
      .set(first!, contents.get(second!)!)
      .set(second!, contents.get(first!)!);
    const error = await rejection(open(MemoryDisk.of(exchanged), TINY));
    expect(error).to.be.instanceOf(JournalCorrupt).and.to.have.property("offset", 0);
  });

  it("refuses a segment of another log, though it begins where it should", async () => {
    const other = await smallLog();
    const [, second] = [...contents.keys()].sort();
    const mixed = new Map(contents).set(second!, other.contents.get(second!)!);
    const error = await rejection(open(MemoryDisk.of(mixed), TINY));
    expect(error.message).to.contain("belongs to another journal");
  });

  it("refuses a frame that was put in the place of another", async () => {
    const log = await open(new MemoryDisk());
    await log.journal.append([created()]);
    const twin = await open(new MemoryDisk());
    await twin.journal.append([created()]);
    const [path, bytes] = only(log.disk);
    const foreign = only(twin.disk)[1];
    foreign.copy(bytes, FILE_HEADER_BYTES, FILE_HEADER_BYTES);
    const error = await rejection(open(MemoryDisk.of(new Map([[path, bytes]]))));
    expect(error.message).to.contain("doesn't continue the one before it");
  });

  it("refuses a log of a later version of the program, and says which", async () => {
    const log = await open(new MemoryDisk());
    await log.journal.append([{ ...created(), v: 2 as 1 }]);
    await log.journal.close();
    const error = await rejection(open(MemoryDisk.of(log.disk.contents())));
    expect(error).to.have.property("code", "JOURNAL_CORRUPT");
    expect(error.message).to.contain("event 0 has version 2");
  });

  it("refuses a last frame of which one sector went bad without being zeros", async () => {
    const log = await open(new MemoryDisk());
    await log.journal.append([created(), purchased(1), purchased(2), purchased(3)]);
    await log.journal.close();
    const [path, bytes] = only(log.disk);
    bytes.fill(0xff, 1_024, 1_200);
    const error = await rejection(open(MemoryDisk.of(new Map([[path, bytes]]))));
    expect(error).to.include({ file: path, offset: FILE_HEADER_BYTES });
  });

  it("refuses a sector of zeros where another frame follows", async () => {
    const log = await open(new MemoryDisk());
    await log.journal.append([created(), purchased(1), purchased(2), purchased(3)]);
    await log.journal.append([purchased(4), purchased(5), purchased(6)]);
    await log.journal.close();
    const [path, bytes] = only(log.disk);
    for (const [from, to] of [
      [512, 1_024],
      [1_024, 1_536],
    ]) {
      const lost = Buffer.from(bytes);
      lost.fill(0, from, to);
      const error = await rejection(open(MemoryDisk.of(new Map([[path, lost]]))));
      expect(error).to.be.instanceOf(JournalCorrupt).and.to.have.property("file", path);
    }
  });

  it("refuses a turned bit in the header of a short last frame, though zeros follow it", async () => {
    const log = await open(new MemoryDisk());
    await log.journal.append([created()]);
    await log.journal.close();
    const [path, bytes] = only(log.disk);
    for (let bit = 0; bit < FRAME_HEADER_BYTES * 8; bit++) {
      const turned = Buffer.from(bytes);
      turned[FILE_HEADER_BYTES + (bit >> 3)]! ^= 1 << (bit & 7);
      const error = await rejection(open(MemoryDisk.of(new Map([[path, turned]]))));
      expect(error).to.include({ code: "JOURNAL_CORRUPT", file: path, offset: FILE_HEADER_BYTES });
    }
  });

  it("refuses a file that is shorter than its steps, though only zeros are missing", async () => {
    const log = await open(new MemoryDisk());
    await log.journal.append([created()]);
    await log.journal.close();
    const [path, bytes] = only(log.disk);
    const cut = bytes.subarray(0, bytes.length - 512);
    const error = await rejection(open(MemoryDisk.of(new Map([[path, cut]]))));
    expect(error).to.include({ code: "JOURNAL_CORRUPT", file: path, offset: cut.length });
  });

  it("refuses a file that was cut between two frames, even at a step", async () => {
    const log = await open(new MemoryDisk());
    const room = SMALL.stepBytes - FILE_HEADER_BYTES;
    await log.journal.append([eventOfFrame(1_000)]);
    await settle();
    await log.journal.append([eventOfFrame(room - 1_000)]);
    await log.journal.append([eventOfFrame(400)]);
    await log.journal.close();
    const [path, bytes] = only(log.disk);
    expect(bytes.length).to.be.above(SMALL.stepBytes);
    const cut = new Map([[path, bytes.subarray(0, SMALL.stepBytes)]]);
    const error = await rejection(open(MemoryDisk.of(cut)));
    expect(error).to.include({ code: "JOURNAL_CORRUPT", file: path, offset: SMALL.stepBytes });
  });

  it("can tell, because a frame never fills the space to its last byte", async () => {
    const { journal, disk } = await open(new MemoryDisk());
    disk.before = ({ kind }) => {
      if (kind === "truncate") throw systemError("ENOSPC", "no space left on device");
    };
    const room = SMALL.stepBytes - FILE_HEADER_BYTES;
    await journal.append([eventOfFrame(1_000)]);
    const result = await journal.append([eventOfFrame(room - 1_000)]);
    expect(result).to.have.property("kind", "unknown");
    const again = await open(disk.afterKill());
    expect(again.state.offset).to.equal(1);
  });

  it("removes files that were begun and never got their name", async () => {
    const log = await open(new MemoryDisk());
    await appendEach(log.journal, history(3));
    await log.journal.close();
    const left = log.disk.contents().set("/data/journal/0000000000000000.log.tmp", Buffer.from("half"));
    const disk = MemoryDisk.of(left);
    const { state } = await open(disk);
    await settle();
    expect(dump(state)).to.deep.equal(dump(stateAfter(history(3))));
    const names = [...disk.contents().keys()].filter((path) => path.endsWith(".tmp"));
    expect(names).to.not.contain("/data/journal/0000000000000000.log.tmp");
  });

  it("gives each start an epoch above all before, though nothing was sold", async () => {
    const epochs: number[] = [];
    let disk = new MemoryDisk();
    for (let start = 0; start < 4; start++) {
      const { journal } = await open(disk);
      epochs.push(journal.epoch);
      await journal.close();
      disk = MemoryDisk.of(disk.contents());
    }
    expect(epochs).to.deep.equal([1, 2, 3, 4]);
  });
});

/** An event whose frame is that long, if it is alone in it. */
function eventOfFrame(bytes: number): SaleEvent {
  const event = created(`sale-${bytes}` as SaleId) as SaleEvent & { type: "sale_created" };
  const plain = Buffer.byteLength(JSON.stringify([event])) + FRAME_HEADER_BYTES + 1;
  return { ...event, title: event.title + "x".repeat(bytes - plain) };
}

function only(disk: MemoryDisk): [string, Buffer] {
  const found = [...disk.contents()].find(([path]) => path.endsWith(".log"));
  return found!;
}
