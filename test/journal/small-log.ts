/** A log so small that each bit of each of its files can be turned. */
import { expect } from "chai";
import { createBoxOffice } from "../../src/box-office/box-office.ts";
import { DataDirectory } from "../../src/journal/data-directory.ts";
import { foldSnapshot } from "../../src/journal/fold.ts";
import type { JournalLimits } from "../../src/journal/limits.ts";
import { JournalCorrupt } from "../../src/journal/fault.ts";
import { dump, history } from "./events.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { appendEach, DIRECTORY, open, settle } from "./opened.ts";

export const TINY = {
  segmentBytes: 2_048,
  stepBytes: 1_024,
  roomAheadBytes: 500,
  maxFrameBytes: 450,
} satisfies Partial<JournalLimits>;

export interface SmallLog {
  /** Path to bytes; nothing unfinished among them. */
  readonly contents: Map<string, Buffer>;
  /** The books that it gives, as text: their digest covers each ticket. */
  readonly expected: string;
}

/** Three segments: two full ones of one epoch, and the open one of the next. */
export async function smallLog(): Promise<SmallLog> {
  const limits = { ...TINY, snapshotEveryBytes: Infinity };
  const events = history(17);
  const first = await open(new MemoryDisk(), limits);
  await appendEach(first.journal, events.slice(0, 10));
  await settle();
  await first.journal.close();
  const second = await open(first.disk, limits);
  await appendEach(second.journal, events.slice(10));
  await settle();
  await second.journal.close();
  const contents = second.disk.contents();
  for (const path of contents.keys()) if (path.endsWith(".tmp")) contents.delete(path);
  return { contents, expected: await booksOf(MemoryDisk.of(contents)) };
}

/** The same with a snapshot before each segment but the first. */
export async function smallLogWithSnapshots(): Promise<SmallLog> {
  const { contents, expected } = await smallLog();
  const disk = MemoryDisk.of(contents);
  for (const { offset: upTo } of (await new DataDirectory(DIRECTORY).segments(disk)).slice(1)) {
    await foldSnapshot(disk, {
      kind: "snapshot",
      directory: DIRECTORY,
      upTo,
      maxFrameBytes: TINY.maxFrameBytes,
    });
  }
  return { contents: disk.contents(), expected };
}

export async function booksOf(disk: MemoryDisk): Promise<string> {
  const { state } = await open(disk, TINY, createBoxOffice("count"));
  return JSON.stringify(dump(state));
}

/**
 * Opens what was damaged: all of it must be there, or the start refused with nothing changed.
 *
 * @returns the refusal, or null where everything is there.
 */
export async function allOrRefusal(
  contents: ReadonlyMap<string, Buffer>,
  expected: string,
): Promise<JournalCorrupt | null> {
  const disk = MemoryDisk.of(contents);
  try {
    const books = await booksOf(disk);
    if (books !== expected) expect(books).to.equal(expected);
    return null;
  } catch (error) {
    if (!(error instanceof JournalCorrupt)) throw error;
    expectUntouched(disk, contents);
    if (!error.message.includes(`${error.file} is damaged at byte ${error.offset}: `) || error.offset < 0)
      expect.fail(`it names no file and byte: ${error.message}`);
    return error;
  }
}

/** Much quicker than a deep comparison, which is what most of the time went into. */
export function expectUntouched(disk: MemoryDisk, contents: ReadonlyMap<string, Buffer>): void {
  const now = disk.contents();
  expect([...now.keys()].sort().join()).to.equal([...contents.keys()].sort().join());
  for (const [path, bytes] of contents) {
    if (!bytes.equals(now.get(path)!)) expect.fail(`${path} was changed`);
  }
}

/** Where the frames of a segment end, which is with a newline: behind them there are zeros. */
export function endOfFrames(bytes: Buffer): number {
  return bytes.findLastIndex((byte) => byte !== 0) + 1;
}

export function withBitTurned(bytes: Buffer, bit: number): Buffer {
  const turned = Buffer.from(bytes);
  turned[bit >> 3]! ^= 1 << (bit & 7);
  return turned;
}
