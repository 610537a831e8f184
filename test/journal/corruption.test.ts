/** Every bit and every cut of a small log, and everything that may happen to whole files: all of it, or a refusal. */
import { expect } from "chai";
import { JournalCorrupt } from "../../src/journal/fault.ts";
import { purchased } from "./events.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { appendEach, open, rejection, settle } from "./opened.ts";
import {
  allOrRefusal,
  booksOf,
  smallLog,
  smallLogWithSnapshots,
  TINY,
  withBitTurned,
  type SmallLog,
  endOfFrames,
} from "./small-log.ts";

describe("journal: every damage to a small log", function () {
  this.timeout(120_000);
  let log: SmallLog;
  let segments: string[];
  before(async () => {
    log = await smallLog();
    segments = [...log.contents.keys()].sort();
  });

  it("has two sealed segments and an open one to begin with", () => {
    expect(segments).to.have.length(3);
  });

  it("gives everything or names the file and a byte not behind the damage, whichever bit of it is turned", async () => {
    const outcomes = { all: 0, refused: 0 };
    for (const [path, bytes] of log.contents) {
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const turned = new Map(log.contents).set(path, withBitTurned(bytes, bit));
        const refusal = await allOrRefusal(turned, log.expected);
        if (refusal === null) outcomes.all += 1;
        else {
          outcomes.refused += 1;
          expectNamed(refusal, path, bit >> 3);
        }
      }
    }
    expect(outcomes.all + outcomes.refused).to.equal(bitsOf(log.contents));
    // Only in the zeros behind the last frame may a turned bit pass for an unfinished write.
    expect(outcomes.all).to.be.below(outcomes.refused / 20);
  });

  it("gives everything or names the file and a byte of it, wherever it is cut", async () => {
    let refused = 0;
    for (const [path, bytes] of log.contents) {
      for (let length = 0; length < bytes.length; length++) {
        const cut = new Map(log.contents).set(path, bytes.subarray(0, length));
        const refusal = await allOrRefusal(cut, log.expected);
        if (refusal === null) expect(bytes.subarray(length).every((byte) => byte === 0)).to.equal(true);
        else {
          refused += 1;
          expectNamed(refusal, path, length);
        }
      }
    }
    expect(refused).to.be.above(3_000);
  });

  it("gives what was answered or refuses, whichever bit is turned of a write that was never answered", async () => {
    const torn = await tornLog(log);
    const { path, position } = torn;
    const bytes = torn.contents.get(path)!;
    const outcomes = { all: 0, refused: 0 };
    for (let bit = position * 8; bit < (position + 200) * 8; bit++) {
      const turned = new Map(torn.contents).set(path, withBitTurned(bytes, bit));
      const refusal = await allOrRefusal(turned, torn.expected);
      outcomes[refusal === null ? "all" : "refused"] += 1;
    }
    expect(outcomes.all).to.be.above(100);
  });
});

describe("journal: every damage to a small snapshot", function () {
  this.timeout(120_000);
  let log: SmallLog;
  let snapshots: string[];
  before(async () => {
    log = await smallLogWithSnapshots();
    snapshots = [...log.contents.keys()].filter((path) => path.endsWith(".snap")).sort();
  });

  it("costs nothing while the segments are there, whichever bit of either snapshot is turned", async () => {
    expect(snapshots).to.have.length(2);
    for (const path of snapshots) {
      const bytes = log.contents.get(path)!;
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const turned = new Map(log.contents).set(path, withBitTurned(bytes, bit));
        expect(await allOrRefusal(turned, log.expected)).to.equal(null);
      }
    }
  });

  it("costs nothing while the segments are there, wherever either snapshot is cut", async () => {
    for (const path of snapshots) {
      const bytes = log.contents.get(path)!;
      for (let length = 0; length < bytes.length; length++) {
        const cut = new Map(log.contents).set(path, bytes.subarray(0, length));
        expect(await allOrRefusal(cut, log.expected)).to.equal(null);
      }
    }
  });

  it("is refused where the segments are gone that it stands for, and the message says what is wrong with it", async () => {
    const newest = snapshots[1]!;
    const offset = Number(/(\d{16})\.snap$/.exec(newest)![1]);
    const alone = new Map(
      [...log.contents].filter(([path]) => path === newest || offsetOf(path, ".log") >= offset),
    );
    expect(await allOrRefusal(alone, log.expected)).to.equal(null);
    const bytes = alone.get(newest)!;
    for (let bit = 0; bit < bytes.length * 8; bit += 3) {
      const refusal = await allOrRefusal(new Map(alone).set(newest, withBitTurned(bytes, bit)), log.expected);
      expect(refusal?.message).to.contain(newest);
    }
    for (let length = 0; length < bytes.length; length += 3) {
      const refusal = await allOrRefusal(new Map(alone).set(newest, bytes.subarray(0, length)), log.expected);
      expect(refusal?.message).to.contain(newest);
    }
  });
});

describe("journal: files that are missing, renamed, exchanged or too many", () => {
  let log: SmallLog;
  let segments: string[];
  before(async () => {
    log = await smallLogWithSnapshots();
    segments = [...log.contents.keys()].filter((path) => path.endsWith(".log")).sort();
  });

  /** Without snapshots, which would stand for older segments. */
  function bare(): Map<string, Buffer> {
    return new Map([...log.contents].filter(([path]) => path.endsWith(".log")));
  }

  it("is refused without any one of the segments that another follows", async () => {
    for (const path of segments.slice(0, -1)) {
      const missing = bare();
      missing.delete(path);
      const refusal = await allOrRefusal(missing, log.expected);
      expect(refusal?.file).to.match(/\d{16}\.log$/);
    }
  });

  it("is refused without the segment at which a snapshot ends", async () => {
    const newest = segments.at(-1)!;
    const missing = new Map(log.contents);
    missing.delete(newest);
    expect((await allOrRefusal(missing, log.expected))?.file).to.equal(newest);
  });

  it("is refused with every file of any two exchanged", async () => {
    const paths = [...log.contents.keys()];
    let exchanges = 0;
    for (const one of paths) {
      for (const other of paths) {
        if (one >= other) continue;
        const exchanged = new Map(log.contents)
          .set(one, log.contents.get(other)!)
          .set(other, log.contents.get(one)!);
        // Snapshots are passed over; of segments only those matter that are read.
        const refusal = await allOrRefusal(exchanged, log.expected);
        if (one.endsWith(".log") && other === segments.at(-1)) expect(refusal).to.not.equal(null);
        exchanges += 1;
      }
    }
    expect(exchanges).to.equal(10);
    for (const [one, other] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      const files = bare();
      const exchanged = new Map(files)
        .set(segments[one]!, files.get(segments[other]!)!)
        .set(segments[other]!, files.get(segments[one]!)!);
      expect(await allOrRefusal(exchanged, log.expected)).to.include({ file: segments[one], offset: 0 });
    }
  });

  it("is refused with a segment of another log, in the place of its own or behind them", async () => {
    const other = await smallLog();
    for (const path of segments.slice(1)) {
      const mixed = bare().set(path, other.contents.get(path)!);
      expect(await allOrRefusal(mixed, log.expected)).to.include({ file: path, offset: 0 });
    }
    const behind = "/data/journal/0000000000000017.log";
    const longer = bare().set(behind, other.contents.get(segments[2]!)!);
    expect(await allOrRefusal(longer, log.expected)).to.include({ file: behind, offset: 0 });
  });

  it("is refused with a copy of a segment under a later name, and with one that repeats events", async () => {
    for (const path of segments) {
      const name = "/data/journal/0000000000000017.log";
      const copied = bare().set(name, log.contents.get(path)!);
      expect(await allOrRefusal(copied, log.expected)).to.include({ file: name, offset: 0 });
    }
    const within = "/data/journal/0000000000000001.log";
    const repeated = bare().set(within, log.contents.get(segments[1]!)!);
    expect(await allOrRefusal(repeated, log.expected)).to.include({ file: within });
  });

  it("is refused where a segment was given any name that isn't its own", async () => {
    for (const path of segments) {
      for (const name of [
        `${path}.old`,
        path.replace(".log", ".LOG"),
        path.replace(/0+(\d+)\.log/, "$1.log"),
      ]) {
        const renamed = bare();
        renamed.delete(path);
        renamed.set(name, log.contents.get(path)!);
        const refusal = await allOrRefusal(renamed, log.expected);
        expect(refusal, name).to.include({ file: name, offset: 0 });
        expect(refusal?.message).to.contain(path.split("/").at(-1));
      }
    }
  });

  it("takes no notice of other people's files", async () => {
    const more = new Map(log.contents)
      .set("/data/journal/.DS_Store", Buffer.from("Bud1"))
      .set("/data/journal/notes.txt", Buffer.alloc(2_000, "x"))
      .set("/data/snapshots/README", Buffer.from("hello"));
    expect(await allOrRefusal(more, log.expected)).to.equal(null);
  });

  it("is refused where the segments are gone altogether and a snapshot is left, even a damaged one", async () => {
    const snapshots = new Map([...log.contents].filter(([path]) => path.endsWith(".snap")));
    expect(await allOrRefusal(snapshots, log.expected)).to.be.instanceOf(JournalCorrupt);
    for (const [path, bytes] of snapshots) snapshots.set(path, withBitTurned(bytes, 8_000));
    const error = await rejection(booksOf(MemoryDisk.of(snapshots)));
    expect(error).to.be.instanceOf(JournalCorrupt);
    expect(error.message).to.contain(".snap");
  });
});

function expectNamed(refusal: JournalCorrupt, path: string, at: number): void {
  if (refusal.file !== path || refusal.offset > at)
    expect.fail(`damage at byte ${at} of ${path} was called: ${refusal.message}`);
}

function bitsOf(contents: ReadonlyMap<string, Buffer>): number {
  let bits = 0;
  for (const bytes of contents.values()) bits += bytes.length * 8;
  return bits;
}

function offsetOf(path: string, extension: string): number {
  return path.endsWith(extension) ? Number(path.slice(-extension.length - 16, -extension.length)) : -1;
}

/** The log with two more purchases, and a third of which only the first sector reached the disk. */
async function tornLog(
  log: SmallLog,
): Promise<SmallLog & { readonly path: string; readonly position: number }> {
  const { disk, journal } = await open(MemoryDisk.of(log.contents), TINY);
  await appendEach(journal, [purchased(17), purchased(18)]);
  await settle();
  const position = endOfFrames(disk.contents().get(journal.segment)!);
  disk.before = ({ kind }) => (kind === "write" ? new Promise<void>(() => undefined) : undefined);
  void journal.append([purchased(19)]);
  await settle();
  const path = journal.segment;
  const contents = disk.afterTornWrite((sector) => sector === 0).contents();
  for (const name of contents.keys()) if (name.endsWith(".tmp")) contents.delete(name);
  expect(contents.get(path)![position]).to.not.equal(0);
  const expected = await booksOf(MemoryDisk.of(contents));
  expect(JSON.parse(expected)).to.have.nested.property("books.offset", 19);
  return { contents, expected, path, position };
}
