import { expect } from "chai";
import { auditSale } from "../../src/box-office/box-office.ts";
import type { Purchased, SaleEvent } from "../../src/box-office/event.ts";
import { DataDirectory } from "../../src/journal/data-directory.ts";
import { FILE_HEADER_BYTES } from "../../src/journal/file-header.ts";
import { NoJournal } from "../../src/journal/fault.ts";
import type { Inspection } from "../../src/journal/findings.ts";
import { inspect } from "../../src/journal/inspection.ts";
import type { JournalLimits } from "../../src/journal/limits.ts";
import { readOnlyDisk } from "../../src/journal/read-only-disk.ts";
import type { Pause } from "../../src/journal/walk.ts";
import { created, history, purchased, SALE, SMALL, stateAfter } from "./events.ts";
import { MemoryDisk, systemError } from "./memory-disk.ts";
import { appendEach, DIRECTORY, open, rejection, settle } from "./opened.ts";
import {
  booksOf,
  expectUntouched,
  smallLogWithSnapshots,
  TINY,
  withBitTurned,
  type SmallLog,
  endOfFrames,
} from "./small-log.ts";

function inspectDisk(
  disk: MemoryDisk,
  pause: Pause | null = null,
  limits: Partial<JournalLimits> = TINY,
): Promise<Inspection> {
  return inspect({ disk, directory: new DataDirectory(DIRECTORY), limits: { ...SMALL, ...limits }, pause });
}

function inspectContents(contents: ReadonlyMap<string, Buffer>): Promise<Inspection> {
  return inspectDisk(MemoryDisk.of(contents));
}

/** Files of a log of these events, closed in good order. */
async function logOf(events: readonly SaleEvent[]): Promise<Map<string, Buffer>> {
  const opened = await open(new MemoryDisk(), TINY);
  await appendEach(opened.journal, events);
  await settle();
  await opened.journal.close();
  return opened.disk.contents();
}

describe("journal: inspection", function () {
  this.timeout(60_000);
  let log: SmallLog;
  let segments: string[];
  let snapshots: string[];
  before(async () => {
    log = await smallLogWithSnapshots();
    const paths = [...log.contents.keys()].sort();
    segments = paths.filter((path) => path.endsWith(".log"));
    snapshots = paths.filter((path) => path.endsWith(".snap"));
  });

  function without(...gone: readonly string[]): Map<string, Buffer> {
    return new Map([...log.contents].filter(([path]) => !gone.includes(path)));
  }

  it("of a sound log finds nothing, and tells its books, segments and snapshots", async () => {
    const found = await inspectContents(log.contents);
    expect(found.findings).to.deep.equal([]);
    expect(found).to.include({ soundUpTo: 17, starts: true, at: 1_016 });
    expect(found.end).to.include({ epoch: 2, first: 17 });
    expect(found.end!.log).to.match(/^[0-9a-f]{32}$/);
    expect(found.sales).to.deep.equal([auditSale(stateAfter(history(17)).sales.get(SALE)!, 17)]);
    expect(found.segments.map(({ file }) => file)).to.deep.equal(segments);
    expect(found.segments.reduce((sum, { events }) => sum + events!, 0)).to.equal(17);
    expect(found.snapshots.map(({ file, verdict }) => [file, verdict])).to.deep.equal(
      snapshots.map((file) => [file, "agrees"]),
    );
  });

  it("changes nothing, damaged or not", async () => {
    for (const contents of [log.contents, new Map(log.contents).set(segments[0]!, Buffer.alloc(1_024))]) {
      const disk = MemoryDisk.of(contents);
      await inspectDisk(disk);
      expectUntouched(disk, contents);
    }
  });

  it("is done on a disk that refuses to be changed", async () => {
    const disk = readOnlyDisk(MemoryDisk.of(log.contents));
    for (const call of [
      disk.open("/data/new", "scratch"),
      disk.open(segments[0]!, "durable"),
      disk.rename(segments[0]!, "/data/x"),
      disk.remove(segments[0]!),
      disk.makeDirectory("/data/x"),
      disk.syncDirectory("/data"),
    ]) {
      expect((await rejection(call)).message).to.contain("only looked at");
    }
  });

  it("finds any bit that was turned in a file, and names the file and a byte not behind it", async () => {
    let looked = 0;
    for (const [path, bytes] of log.contents) {
      const written = bytes.findLastIndex((byte) => byte !== 0) + 1;
      // 29 has no factor in common with eight, so each place in a byte comes by.
      for (let bit = 0; bit < written * 8; bit += 29) {
        const turned = new Map(log.contents).set(path, withBitTurned(bytes, bit));
        const { findings, starts } = await inspectContents(turned);
        const named = findings.filter(({ file, offset }) => file === path && offset <= bit >> 3);
        if (named.length !== 1 || findings.length !== 1)
          expect.fail(`bit ${bit} of ${path}: ${JSON.stringify(findings)}`);
        if (path.endsWith(".snap")) expect(starts).to.equal(true);
        looked += 1;
      }
    }
    expect(looked).to.be.above(1_500);
  });

  it("says of any cut what a start says, or more", async () => {
    for (const [path, bytes] of log.contents) {
      for (let length = 0; length < bytes.length; length += 17) {
        const cut = new Map(log.contents).set(path, bytes.subarray(0, length));
        const { findings, starts } = await inspectContents(cut);
        expect(findings.map(({ file }) => file)).to.deep.equal([path]);
        const opened = await booksOf(MemoryDisk.of(cut)).then(
          (books) => books === log.expected,
          () => false,
        );
        expect(starts).to.equal(opened);
      }
    }
  });

  it("goes on behind damage, from the next good snapshot", async () => {
    const bytes = log.contents.get(segments[0]!)!;
    const damaged = new Map(log.contents).set(segments[0]!, withBitTurned(bytes, 6_000));
    const found = await inspectContents(damaged);
    expect(found.findings).to.have.length(1);
    expect(found.findings[0]).to.include({ kind: "journal", file: segments[0] });
    expect(found.end).to.include({ first: 17 });
    expect(found.starts).to.equal(true);
    expect(found.soundUpTo).to.be.below(7);
    expect(found.snapshots[0]!.verdict).to.equal("whole");
    expect(found.snapshots[1]!.verdict).to.equal("agrees");
    expect(found.segments[0]).to.include({ events: null, epoch: null, bytes: null });
  });

  it("without a snapshot to go on from, still looks at the frames behind the damage", async () => {
    const bytes = log.contents.get(segments[0]!)!;
    const last = log.contents.get(segments[2]!)!;
    const damaged = without(...snapshots)
      .set(segments[0]!, withBitTurned(bytes, 6_000))
      .set(segments[2]!, withBitTurned(last, 6_000));
    const found = await inspectContents(damaged);
    expect(found.findings.map(({ file }) => file)).to.deep.equal([segments[0], segments[2]]);
    expect(found).to.include({ end: null, starts: false });
    expect(found.sales).to.deep.equal([]);
    expect(found.segments[1]!.events).to.be.above(0);
  });

  it("finds segments that are missing, first, in the middle and last", async () => {
    const [first, middle, last] = segments as [string, string, string];
    const noFirst = await inspectContents(without(first, ...snapshots));
    expect(noFirst.findings[0]).to.include({ file: middle, offset: 0 });
    expect(noFirst.findings[0]!.what).to.contain("no snapshot stands for them");
    const noMiddle = await inspectContents(without(middle, ...snapshots));
    expect(noMiddle.findings[0]).to.include({ file: last, offset: 0 });
    expect(noMiddle.findings[0]!.what).to.match(/^events \d+ to \d+ are missing$/);
    const noLast = await inspectContents(without(last));
    expect(noLast.findings).to.have.length(1);
    expect(noLast.findings[0]).to.include({ kind: "journal", file: last });
    expect(noLast.starts).to.equal(false);
  });

  it("takes older segments for archived where a good snapshot stands for them", async () => {
    const found = await inspectContents(without(segments[0]!));
    expect(found.findings).to.deep.equal([]);
    expect(found).to.include({ soundUpTo: 17, starts: true });
    expect(found.end).to.include({ first: 17 });
    expect(found.snapshots.map(({ verdict }) => verdict)).to.deep.equal(["whole", "agrees"]);
  });

  it("finds a segment that repeats events, and one that goes by another name", async () => {
    const repeats = "/data/journal/0000000000000001.log";
    const twice = await inspectContents(without(...snapshots).set(repeats, log.contents.get(segments[1]!)!));
    expect(twice.findings[0]).to.include({ file: repeats, offset: 0, what: "it repeats events from 1 on" });
    const other = "/data/journal/newest.log";
    const misnamed = without(segments[2]!, ...snapshots).set(other, log.contents.get(segments[2]!)!);
    const found = await inspectContents(misnamed);
    expect(found.findings).to.have.length(1);
    expect(found.findings[0]).to.include({ file: other, offset: 0 });
    expect(found.starts).to.equal(false);
  });

  it("finds a snapshot that is whole and says something else than the journal", async () => {
    const other = await smallLogWithSnapshots();
    const [older, newer] = snapshots as [string, string];
    const foreign = await inspectContents(new Map(log.contents).set(newer, other.contents.get(newer)!));
    expect(foreign.findings.map(({ kind, file }) => [kind, file])).to.deep.equal([["snapshot", newer]]);
    expect(foreign.findings[0]!.what).to.equal("it was made from other segments than those before it");
    expect(foreign.starts).to.equal(false);
    const exchanged = await inspectContents(new Map(log.contents).set(older, log.contents.get(newer)!));
    expect(exchanged.findings[0]).to.include({ kind: "snapshot", file: older, offset: 0 });
  });

  it("finds a snapshot without its segments, whether it is whole or not", async () => {
    const alone = without(...segments);
    const whole = await inspectContents(alone);
    expect(whole.findings.map(({ kind }) => kind)).to.deep.equal(["journal", "journal"]);
    const damaged = new Map(alone);
    for (const [path, bytes] of alone) damaged.set(path, withBitTurned(bytes, 8_000));
    const found = await inspectContents(damaged);
    expect(found.findings.map(({ kind, file }) => [kind, file])).to.deep.equal(
      snapshots.map((file) => ["snapshot", file]),
    );
    expect(found.starts).to.equal(false);
  });

  it("tells of an unfinished write, and takes it for no damage", async () => {
    const { disk, journal } = await open(MemoryDisk.of(log.contents), TINY);
    await appendEach(journal, [purchased(17), purchased(18)]);
    await settle();
    const end = endOfFrames(disk.contents().get(journal.segment)!);
    disk.before = ({ kind }) => (kind === "write" ? new Promise<void>(() => undefined) : undefined);
    void journal.append([purchased(19)]);
    await settle();
    const found = await inspectDisk(disk.afterTornWrite((sector) => sector === 0));
    expect(found.findings).to.deep.equal([]);
    expect(found.end).to.include({ first: 19 });
    expect(found.starts).to.equal(true);
    const { torn } = found.segments.at(-1)!;
    expect(torn!.offset).to.equal(end);
    expect(torn!.bytes).to.be.above(0);
  });

  it("says that there is no journal where there is none", async () => {
    expect(await rejection(inspectContents(new Map()))).to.be.instanceOf(NoJournal);
    const other = new Map([["/data/notes.txt", Buffer.from("x")]]);
    expect(await rejection(inspectContents(other))).to.have.property("code", "NO_JOURNAL");
    const empty = new Map([["/data/journal/notes.txt", Buffer.from("x")]]);
    expect(await rejection(inspectContents(empty))).to.have.property("code", "NO_JOURNAL");
  });

  it("passes on what the disk says when it can't be read", async () => {
    const disk = MemoryDisk.of(log.contents);
    disk.before = ({ kind, path }) => {
      if (kind === "open" && path === segments[1]) throw systemError("EACCES", "permission denied");
    };
    expect(await rejection(inspectDisk(disk))).to.have.property("code", "DISK_DENIED");
  });
});

describe("journal: inspection of events whose bytes are sound", () => {
  const wrongs: readonly (readonly [string, readonly SaleEvent[], RegExp])[] = [
    [
      "a purchase out of its order",
      [created(), purchased(1), changed(2, { order: 3 })],
      /event 2 is purchase 3 of sale gala, after purchase 1/,
    ],
    [
      "a purchase that leaves another number",
      [created(), changed(1, { remaining: 5 })],
      /event 1 leaves 5 tickets/,
    ],
    ["an event older than the one before it", [created(), { ...purchased(1), at: 3 }], /event 1 is older/],
    ["more tickets sold than there are", oversold(), /after event 1 the books of sale gala don't balance/],
    ["a sale that was never created", [purchased(1)], /which doesn't exist/],
  ];
  for (const [title, events, complaint] of wrongs) {
    it(`finds ${title}`, async () => {
      const { findings } = await inspectContents(await logOf(events));
      expect(findings).to.have.length(1);
      expect(findings[0]!.what).to.match(complaint);
      expect(findings[0]!.offset).to.be.at.least(FILE_HEADER_BYTES);
    });
  }

  it("finds the first of many in a file, and not each", async () => {
    const { findings, end } = await inspectContents(
      await logOf([created(), changed(1, { order: 2 }), changed(2, { order: 9 }), changed(3, { order: 1 })]),
    );
    expect(findings.map(({ kind }) => kind)).to.deep.equal(["books"]);
    expect(end).to.include({ first: 4 });
  });
});

describe("journal: inspection beside a writer", () => {
  const none: Pause = () => Promise.resolve();

  it("finds everything that was answered before it began, however often the end moves on", async () => {
    const { disk, journal } = await open(new MemoryDisk(), TINY);
    await appendEach(journal, history(15));
    let n = 15;
    let isWriting = false;
    disk.before = async ({ kind, path }) => {
      if (kind !== "read" || !path.includes("journal") || isWriting || n >= 60) return;
      isWriting = true;
      await appendEach(journal, [purchased(n++)]);
      isWriting = false;
    };
    const found = await inspectDisk(disk, none);
    expect(found.findings).to.deep.equal([]);
    expect(found.end!.first).to.be.at.least(15);
    expect(found.starts).to.equal(null);
    expect(n).to.be.above(16);
    await journal.close();
  });

  it("looks again at a write in flight until it is there", async () => {
    const { contents, events, torn, whole } = await inFlight();
    const disk = MemoryDisk.of(new Map(contents).set(torn.path, torn.bytes));
    let pauses = 0;
    const found = await inspectDisk(disk, async () => {
      if (++pauses < 3) return;
      const file = await disk.open(torn.path, "durable");
      await new Promise<void>((resolve) => file.write(whole, 0, whole.length, 0, () => resolve()));
    });
    expect(pauses).to.equal(3);
    expect(found.findings).to.deep.equal([]);
    expect(found.end!.first).to.equal(events + 1);
    expect(found.segments.at(-1)!.torn).to.equal(null);
  });

  it("takes a write that stays unfinished for what it is", async () => {
    const { contents, events, torn } = await inFlight();
    const disk = MemoryDisk.of(new Map(contents).set(torn.path, torn.bytes));
    let pauses = 0;
    const found = await inspectDisk(disk, async () => void pauses++);
    expect(pauses).to.be.above(10);
    expect(found.findings).to.deep.equal([]);
    expect(found.end!.first).to.equal(events);
    expect(found.segments.at(-1)!.torn).to.not.equal(null);
  });

  it("finds damage at the end all the same", async () => {
    const { contents, torn, whole } = await inFlight();
    const damaged = withBitTurned(whole, (torn.position + 60) * 8);
    const { findings } = await inspectDisk(MemoryDisk.of(new Map(contents).set(torn.path, damaged)), none);
    expect(findings[0]).to.include({ kind: "journal", file: torn.path, offset: torn.position });
  });

  it("takes no notice of a snapshot that is removed meanwhile", async () => {
    const { contents } = await smallLogWithSnapshots();
    const disk = MemoryDisk.of(contents);
    const oldest = [...contents.keys()].filter((path) => path.endsWith(".snap")).sort()[0]!;
    disk.before = async ({ kind, path }) => {
      if (kind === "open" && path === oldest) {
        disk.before = () => undefined;
        await disk.remove(oldest);
      }
    };
    const found = await inspectDisk(disk, none);
    expect(found.findings).to.deep.equal([]);
    expect(found.snapshots).to.have.length(1);
  });
});

function changed(n: number, figures: { order?: number; remaining?: number }): SaleEvent {
  const event = purchased(n) as Purchased;
  return { ...event, items: event.items.map((item) => ({ ...item, ...figures })) };
}

function oversold(): SaleEvent[] {
  const small = { ...(created() as SaleEvent & { type: "sale_created" }), capacity: 0 };
  return [small, changed(1, { remaining: -1 })];
}

/** A log of `events`, and the newest segment with one more: in part (`torn`) and as it will be (`whole`). */
async function inFlight(): Promise<{
  contents: Map<string, Buffer>;
  events: number;
  torn: { path: string; bytes: Buffer; position: number };
  whole: Buffer;
}> {
  const { disk, journal } = await open(new MemoryDisk(), TINY);
  await appendEach(journal, [created()]);
  for (let events = 1; events < 20; events++) {
    await settle();
    const contents = disk.contents();
    const path = journal.segment;
    const position = contents.get(path)!.findLastIndex((byte) => byte !== 0) + 1;
    await appendEach(journal, [purchased(events)]);
    const whole = disk.contents().get(path)!;
    const bytes = Buffer.from(whole);
    bytes.fill(0, Math.ceil(position / 512) * 512);
    // The frame reaches into a second sector, and more of it than the last byte.
    if (journal.segment === path && !bytes.equals(whole) && bytes[position] !== 0)
      return { contents, events, torn: { path, bytes, position }, whole };
  }
  throw new Error("no frame reaches into two sectors");
}
