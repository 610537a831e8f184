import { expect } from "chai";
import type { SaleEvent } from "../../src/box-office/event.ts";
import { readEvents, type Reading } from "../../src/journal/event-reading.ts";
import { JournalCorrupt, NoJournal } from "../../src/journal/fault.ts";
import type { Pause } from "../../src/journal/walk.ts";
import { history, purchased, SMALL } from "./events.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { appendEach, DIRECTORY, open, rejection, settle } from "./opened.ts";
import { smallLogWithSnapshots, TINY, withBitTurned, type SmallLog } from "./small-log.ts";

interface Seen {
  readonly reading: Reading | Error;
  readonly events: SaleEvent[];
  readonly offsets: number[];
  readonly epochs: number[];
}

async function readAll(
  disk: MemoryDisk,
  { from = 0, to = Infinity, pause = null as Pause | null } = {},
): Promise<Seen> {
  const events: SaleEvent[] = [];
  const offsets: number[] = [];
  const epochs: number[] = [];
  const options = { disk, directory: DIRECTORY, limits: { ...SMALL, ...TINY }, pause, from, to };
  const reading = await readEvents(options, (some, first, epoch) => {
    for (const [i, event] of some.entries()) {
      events.push(event);
      offsets.push(first + i);
      epochs.push(epoch);
    }
  }).catch((error: unknown) => error as Error);
  return { reading, events, offsets, epochs };
}

describe("journal: reading events", () => {
  let log: SmallLog;
  let segments: string[];
  before(async () => {
    log = await smallLogWithSnapshots();
    segments = [...log.contents.keys()].filter((path) => path.endsWith(".log")).sort();
  });

  it("gives each in its order, with its offset and epoch", async () => {
    const { reading, events, offsets, epochs } = await readAll(MemoryDisk.of(log.contents));
    expect(reading).to.deep.equal({ begins: 0, ends: 17, torn: null });
    expect(events).to.deep.equal(history(17));
    expect(offsets).to.deep.equal(Array.from({ length: 17 }, (_, i) => i));
    expect(epochs.filter((epoch) => epoch === 1)).to.have.length(10);
  });

  it("gives any part, and reads no segment that it doesn't need", async () => {
    for (let from = 0; from <= 18; from++) {
      for (let to = from; to <= 19; to += 3) {
        const disk = MemoryDisk.of(log.contents);
        const opened = new Set<string>();
        disk.before = ({ kind, path }) => void (kind === "open" && opened.add(path));
        const { offsets } = await readAll(disk, { from, to });
        const expected = Array.from({ length: 17 }, (_, i) => i).filter((i) => i >= from && i < to);
        expect(offsets).to.deep.equal(expected);
        if (to <= 5) expect([...opened].filter((path) => path.endsWith(".log"))).to.have.length.below(2);
      }
    }
  });

  it("gives a part of a batch", async () => {
    const { disk, journal } = await open(new MemoryDisk(), { ...TINY, maxFrameBytes: 450 });
    await journal.append(history(2));
    await settle();
    expect((await readAll(disk, { from: 1 })).offsets).to.deep.equal([1]);
    expect((await readAll(disk, { to: 1 })).offsets).to.deep.equal([0]);
  });

  it("ends at the first damage, after everything before it", async () => {
    const bytes = log.contents.get(segments[1]!)!;
    const damaged = new Map(log.contents).set(segments[1]!, withBitTurned(bytes, 5_000));
    const { reading, offsets } = await readAll(MemoryDisk.of(damaged));
    expect(reading).to.be.instanceOf(JournalCorrupt).and.include({ file: segments[1] });
    expect(offsets.length).to.be.within(3, 9);
    expect(offsets).to.deep.equal(Array.from(offsets, (_, i) => i));
    const before = await readAll(MemoryDisk.of(damaged), { to: offsets.length });
    expect(before.reading).to.not.be.instanceOf(Error);
  });

  it("ends where a segment is missing, or goes by another name", async () => {
    const without = new Map(log.contents);
    without.delete(segments[1]!);
    expect((await readAll(MemoryDisk.of(without))).reading).to.include({ file: segments[2], offset: 0 });
    without.set("/data/journal/other", log.contents.get(segments[1]!)!);
    expect((await readAll(MemoryDisk.of(without))).reading).to.include({ file: "/data/journal/other" });
  });

  it("begins later where older segments were archived, if a good snapshot stands for them", async () => {
    const archived = new Map(log.contents);
    archived.delete(segments[0]!);
    const { reading, offsets } = await readAll(MemoryDisk.of(archived));
    const begins = Number(/(\d{16})\.log$/.exec(segments[1]!)![1]);
    expect(reading).to.deep.equal({ begins, ends: 17, torn: null });
    expect(offsets[0]).to.equal(begins);
    const snapshot = `/data/snapshots/${String(begins).padStart(16, "0")}.snap`;
    const damaged = new Map(archived).set(snapshot, Buffer.from("x"));
    expect((await readAll(MemoryDisk.of(damaged))).reading).to.be.instanceOf(JournalCorrupt);
    for (const path of archived.keys()) if (path.endsWith(".snap")) archived.delete(path);
    const { reading: refused } = await readAll(MemoryDisk.of(archived));
    expect(refused).to.be.instanceOf(JournalCorrupt);
    expect((refused as Error).message).to.contain("no snapshot stands for them");
  });

  it("tells of an unfinished write, and gives nothing of it", async () => {
    const { disk, journal } = await open(MemoryDisk.of(log.contents), TINY);
    await appendEach(journal, [purchased(17), purchased(18)]);
    await settle();
    disk.before = ({ kind }) => (kind === "write" ? new Promise<void>(() => undefined) : undefined);
    void journal.append([purchased(19)]);
    await settle();
    const torn = disk.afterTornWrite((sector) => sector === 0);
    const { reading, offsets } = await readAll(torn);
    expect(offsets.at(-1)).to.equal(18);
    expect(reading).to.have.nested.property("torn.file", journal.segment);
  });

  it("reads beside a writer what was answered before it began, at least", async () => {
    const { disk, journal } = await open(new MemoryDisk(), TINY);
    await appendEach(journal, history(12));
    const { offsets } = await readAll(disk, { pause: () => Promise.resolve() });
    expect(offsets).to.have.length(12);
    await journal.close();
  });

  it("says that there is nothing to read, and passes on what stops the reader", async () => {
    for (const files of [[], ["/data/notes.txt"], ["/data/journal/notes.txt"]]) {
      const disk = MemoryDisk.of(new Map(files.map((path) => [path, Buffer.from("x")])));
      expect((await readAll(disk)).reading).to.be.instanceOf(NoJournal);
    }
    const options = {
      disk: MemoryDisk.of(log.contents),
      directory: DIRECTORY,
      limits: { ...SMALL, ...TINY },
      pause: null,
      from: 0,
      to: Infinity,
    };
    const gone = new Error("nobody reads any more");
    expect(await rejection(readEvents(options, () => Promise.reject(gone)))).to.equal(gone);
  });
});
