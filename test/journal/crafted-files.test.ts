/** Files with sums that are right and contents that aren't: what only a fault of a program could write. */
import { expect } from "chai";
import { crc32 } from "node:zlib";
import type { SaleEvent } from "../../src/box-office/event.ts";
import type { SaleId } from "../../src/box-office/sale.ts";
import { booksRecord } from "../../src/box-office/snapshot.ts";
import { DataDirectory } from "../../src/journal/data-directory.ts";
import { decodeFileHeader, encodeFileHeader, FILE_HEADER_BYTES } from "../../src/journal/file-header.ts";
import { foldAudit, foldSnapshot } from "../../src/journal/fold.ts";
import { JournalCorrupt } from "../../src/journal/fault.ts";
import { BOOKS, FrameEncoder, PURCHASES, readFrameHeader } from "../../src/journal/frame.ts";
import type { Inspection } from "../../src/journal/findings.ts";
import { inspect } from "../../src/journal/inspection.ts";
import { SnapshotWriter } from "../../src/journal/snapshot-writer.ts";
import { craftSegment, LOG, type CraftedFrame } from "./crafted.ts";
import { created, history, purchased, SALE, SMALL, stateAfter } from "./events.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { appendEach, DIRECTORY, open, rejection, settle } from "./opened.ts";

const PATH = "/data/journal/0000000000000000.log";
const STEP = SMALL.stepBytes;

function openOnly(bytes: Buffer): Promise<Error> {
  return rejection(open(MemoryDisk.of(new Map([[PATH, bytes]]))));
}

describe("journal: a crafted segment is refused", () => {
  const cases: readonly (readonly [string, readonly CraftedFrame[], RegExp])[] = [
    ["with a frame of another kind", [{ events: [created()], kind: PURCHASES }], /doesn't hold events/],
    ["with a frame that counts wrong", [{ events: [created()], count: 2 }], /holds 1 events, not 2/],
    [
      "with a frame of later events",
      [{ events: [created()], offset: 5 }],
      /begins with event 5 instead of 0/,
    ],
    [
      "with a frame longer than any",
      [{ events: [titled("x".repeat(1_300))] }],
      /longer than is ever written/,
    ],
  ];
  for (const [title, frames, complaint] of cases) {
    it(title, async () => {
      const error = await openOnly(craftSegment(frames, STEP).bytes);
      expect(error).to.include({ code: "JOURNAL_CORRUPT", file: PATH, offset: FILE_HEADER_BYTES });
      expect(error.message).to.match(complaint);
    });
  }

  it("whose last frame fills it to the last byte and isn't whole", async () => {
    const { bytes } = filledSegment();
    bytes[STEP - 5]! ^= 1;
    const error = await openOnly(bytes);
    expect(error).to.include({ code: "JOURNAL_CORRUPT", file: PATH });
    expect(error.message).to.contain("the file ends within a frame");
  });

  it("that ends with its last frame, whether another follows it or not", async () => {
    const { bytes, hash } = filledSegment();
    const next = craftSegment([], STEP, { first: 2, before: hash.toString("hex") });
    for (const more of [[], [["/data/journal/0000000000000002.log", next.bytes] as const]]) {
      const error = await rejection(open(MemoryDisk.of(new Map([[PATH, bytes], ...more]))));
      expect(error).to.include({ code: "JOURNAL_CORRUPT", file: PATH, offset: STEP });
    }
  });

  it("of an epoch below the one before it", async () => {
    const first = craftSegment([{ events: [created()] }], STEP, { epoch: 4 });
    const second = craftSegment([], STEP, { epoch: 3, first: 1, before: first.hash.toString("hex") });
    const path = "/data/journal/0000000000000001.log";
    const error = await rejection(
      open(
        MemoryDisk.of(
          new Map([
            [PATH, first.bytes],
            [path, second.bytes],
          ]),
        ),
      ),
    );
    expect(error).to.include({ file: path, offset: 0 });
    expect(error.message).to.contain("its epoch 3 is below");
  });

  it("of its log and in its place, that continues another frame", async () => {
    const first = craftSegment([{ events: [created()] }], STEP);
    const path = "/data/journal/0000000000000001.log";
    const second = craftSegment([], STEP, { first: 1, before: "cd".repeat(16) });
    const files = new Map([
      [PATH, first.bytes],
      [path, second.bytes],
    ]);
    const error = await rejection(open(MemoryDisk.of(files)));
    expect(error).to.include({ file: path, offset: 0 });
    expect(error.message).to.contain("doesn't continue the segment before it");
  });

  it("that says it continues another, where the log begins", async () => {
    const { bytes } = craftSegment([{ events: [created()] }], STEP, { before: "cd".repeat(16) });
    expect((await openOnly(bytes)).message).to.contain("continues a segment that isn't there");
  });

  it("of a later version of the format, and it says which", () => {
    const bytes = encodeFileHeader("SEGMENT", { log: LOG, epoch: 1, first: 0, before: "0".repeat(32) });
    const later = Buffer.from(bytes.toString("latin1").replace('"version":1', '"version":2'), "latin1");
    const sum = crc32(later.subarray(0, FILE_HEADER_BYTES - 9))
      .toString(16)
      .padStart(8, "0");
    later.write(`${sum}\n`, FILE_HEADER_BYTES - 9, "latin1");
    expect(decodeFileHeader("SEGMENT", later)).to.equal("the format has version 2; this program knows 1");
  });
});

describe("journal: a frame", () => {
  it("takes no text whose bytes don't fit, though its characters would", () => {
    const encoder = new FrameEncoder(200);
    expect(encoder.payload("☂".repeat(60))).to.equal(null);
    expect(encoder.payload("☂".repeat(51))).to.equal(44 + 153 + 1);
    expect(encoder.payload("x".repeat(156))).to.equal(null);
  });

  it("doesn't stand where there is no room for its header", () => {
    expect(readFrameHeader(Buffer.from("BILe".repeat(10)), 0)).to.equal(null);
  });
});

describe("journal: a crafted snapshot", () => {
  const NOTHING = null as unknown as object;
  const SNAPSHOT = "/data/snapshots/0000000000000003.snap";

  /** A log of three events and the next segment, and a snapshot between them with these records. */
  async function withSnapshot(
    records: readonly (readonly [number, object])[],
    after = Buffer.alloc(0),
  ): Promise<MemoryDisk> {
    const first = craftSegment([{ events: history(3) }], STEP);
    const header = { log: LOG, epoch: 1, first: 3, before: first.hash.toString("hex") };
    const disk = MemoryDisk.of(
      new Map([
        [PATH, first.bytes],
        ["/data/journal/0000000000000003.log", craftSegment([], STEP, header).bytes],
      ]),
    );
    await disk.makeDirectory("/data/snapshots");
    const writer = await SnapshotWriter.create(disk, SNAPSHOT, header, SMALL.maxFrameBytes);
    for (const [kind, record] of records) await writer.add(kind, record);
    await writer.end();
    await writer.close();
    const contents = disk.contents();
    return MemoryDisk.of(contents.set(SNAPSHOT, Buffer.concat([contents.get(SNAPSHOT)!, after])));
  }

  function inspected(disk: MemoryDisk): Promise<Inspection> {
    return inspect({ disk, directory: new DataDirectory(DIRECTORY), limits: SMALL, pause: null });
  }

  async function complaintsOf(disk: MemoryDisk): Promise<string[]> {
    const { findings } = await inspected(disk);
    return findings
      .filter(({ kind, file }) => kind === "snapshot" && file === SNAPSHOT)
      .map(({ what }) => what);
  }

  function recordsOf(state = stateAfter(history(3))): [number, object][] {
    const purchases = [...state.purchases!.ofSale(SALE)].map((purchase): [number, object] => [
      PURCHASES,
      purchase,
    ]);
    return [...purchases, [BOOKS, booksRecord(state)]];
  }

  it("that says what the journal says is taken", async () => {
    expect(await complaintsOf(await withSnapshot(recordsOf()))).to.deep.equal([]);
  });

  it("with other books is found, and one with other purchases", async () => {
    const [one, two, books] = recordsOf() as [[number, object], [number, object], [number, object]];
    const other = [BOOKS, { ...books[1], at: 5 }] as const;
    const what = ["it isn't what the journal before it gives"];
    expect(await complaintsOf(await withSnapshot([one, two, other]))).to.deep.equal(what);
    expect(await complaintsOf(await withSnapshot([one, books]))).to.deep.equal(what);
    expect(await complaintsOf(await withSnapshot([two, one, books]))).to.deep.equal(what);
  });

  it("with books of another offset is found", async () => {
    const disk = await withSnapshot(recordsOf(stateAfter(history(2))));
    expect((await complaintsOf(disk))[0]).to.match(/^its books are those after 2 events/);
  });

  it("with something behind its end is passed over", async () => {
    const disk = await withSnapshot(recordsOf(), Buffer.from("more"));
    expect(await complaintsOf(disk)).to.deep.equal(["something follows its end"]);
    const { notes, state } = await open(disk);
    expect(notes[0]!.message).to.contain("something follows its end");
    expect(state.offset).to.equal(3);
  });

  for (const [what, record] of [
    ["books without sales", [BOOKS, {}]],
    ["nothing where the books should be", [BOOKS, NOTHING]],
    ["nothing where a purchase should be", [PURCHASES, NOTHING]],
    ["a purchase without its parts", [PURCHASES, {}]],
  ] as const) {
    it(`with ${what} is named by who verifies, and by a start`, async () => {
      const disk = await withSnapshot([record, ...recordsOf()]);
      expect((await complaintsOf(disk))[0]).to.match(/^it holds what no snapshot holds: ./);
      const error = await rejection(open(disk));
      expect(error).to.be.an.instanceof(JournalCorrupt);
      expect(error.message).to.contain(SNAPSHOT).and.to.contain("it holds what no snapshot holds");
    });
  }

  for (const [what, record] of [
    ["books without sales", [BOOKS, {}]],
    ["a purchase without its parts", [PURCHASES, {}]],
  ] as const) {
    it(`with ${what} alone is blamed by who verifies, whether the segments that it stands for are there or not`, async () => {
      const disk = await withSnapshot([record, ...recordsOf()]);
      const archived = disk.contents();
      archived.delete(PATH);
      for (const each of [disk, MemoryDisk.of(archived)]) {
        const { findings, starts } = await inspected(each);
        expect(findings.map(({ kind, file }) => [kind, file])).to.deep.equal([["snapshot", SNAPSHOT]]);
        expect(starts).to.equal(false);
        expect(await rejection(open(each))).to.be.an.instanceof(JournalCorrupt);
      }
    });
  }

  it("with books of another offset, or of none, isn't started on", async () => {
    for (const books of [booksRecord(stateAfter(history(2))), { sales: [] }]) {
      const error = await rejection(open(await withSnapshot([[BOOKS, books]])));
      expect(error).to.be.an.instanceof(JournalCorrupt);
      expect(error.message).to.match(/its books are those after (2|undefined) events, and its name says 3/);
    }
  });

  it("can't hold a record longer than a frame", async () => {
    const error = await rejection(withSnapshot([[BOOKS, { title: "x".repeat(2_000) }]]));
    expect(error.message).to.equal("a record is too long for a frame");
  });
});

describe("journal: a fold", () => {
  const job = { directory: DIRECTORY, maxFrameBytes: SMALL.maxFrameBytes };

  async function log(): Promise<Map<string, Buffer>> {
    const { disk, journal } = await open();
    for (const event of history(90)) {
      await appendEach(journal, [event]);
      await settle();
    }
    await settle();
    await journal.close();
    return disk.contents();
  }

  function offsets(contents: ReadonlyMap<string, Buffer>): number[] {
    return [...contents.keys()]
      .flatMap((path) => /(\d{16})\.log$/.exec(path)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  it("ends within a batch where it is told to", async () => {
    const { disk, journal } = await open();
    await journal.append([created(), purchased(1), purchased(2), purchased(3)]);
    const audit = await foldAudit(disk, { ...job, kind: "recount", sale: SALE, upTo: 2 });
    expect(audit).to.include({ sold: 1, offset: 2 });
  });

  it("fails where segments are missing, in the middle or at the end", async () => {
    const contents = await log();
    const [, second, third] = offsets(contents) as [number, number, number];
    const path = new DataDirectory(DIRECTORY).segmentPath(second);
    const without = new Map(contents);
    without.delete(path);
    const gap = await rejection(
      foldAudit(MemoryDisk.of(without), { ...job, kind: "recount", sale: SALE, upTo: 90 }),
    );
    expect(gap.message).to.contain(`events ${second} to ${third - 1} are missing`);
    const end = await rejection(
      foldAudit(MemoryDisk.of(contents), { ...job, kind: "recount", sale: SALE, upTo: 99 }),
    );
    expect(end.message).to.contain("events 90 to 98 are missing");
    const none = await rejection(
      foldAudit(MemoryDisk.of(new Map()), { ...job, kind: "recount", sale: SALE, upTo: 1 }),
    );
    expect(none).to.include({ code: "JOURNAL_CORRUPT" });
  });

  it("fails where the segment at its end continues another log", async () => {
    const [contents, other] = [await log(), await log()];
    const upTo = offsets(contents)[1]!;
    const path = new DataDirectory(DIRECTORY).segmentPath(upTo);
    const disk = MemoryDisk.of(contents.set(path, other.get(path)!));
    const error = await rejection(foldSnapshot(disk, { ...job, kind: "snapshot", upTo }));
    expect(error).to.include({ code: "JOURNAL_CORRUPT", file: path });
  });

  it("removes a snapshot that isn't what was written when it is read back", async () => {
    const contents = await log();
    const upTo = offsets(contents)[1]!;
    const disk = MemoryDisk.of(contents);
    const path = new DataDirectory(DIRECTORY).snapshotPath(upTo);
    disk.before = async ({ kind, path: of }) => {
      if (kind !== "sync" || of !== `${path}.tmp`) return;
      const file = await disk.open(of, "durable");
      await new Promise<void>((resolve) => file.write(Buffer.from("?"), 0, 1, 700, () => resolve()));
    };
    const error = await rejection(foldSnapshot(disk, { ...job, kind: "snapshot", upTo }));
    expect(error.message).to.match(/read back at byte 512: /);
    expect([...disk.contents().keys()].filter((name) => name.startsWith(path))).to.deep.equal([]);
  });
});

/** Two frames that fill the first step to its last byte, which the program never does. */
function filledSegment(): ReturnType<typeof craftSegment> {
  const one = { events: [titled("x".repeat(500))] };
  const other = (title: string): CraftedFrame => ({
    events: [{ ...titled(title), sale: "other" as SaleId } as SaleEvent],
  });
  const short = craftSegment([one, other("")], null).end;
  const filled = craftSegment([one, other("x".repeat(STEP - short))], null);
  expect(filled.bytes).to.have.length(STEP);
  return filled;
}

function titled(title: string): SaleEvent {
  return { ...(created() as SaleEvent & { type: "sale_created" }), title };
}
