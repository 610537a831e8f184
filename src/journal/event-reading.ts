/** Reading events in their order from a directory that somebody may be writing to, in constant memory: `journal cat`. */
import type { SaleEvent } from "../box-office/event.ts";
import { DataDirectory, type NumberedFile } from "./data-directory.ts";
import type { Disk } from "./disk.ts";
import { asDiskFault, NoJournal } from "./fault.ts";
import type { JournalLimits } from "./limits.ts";
import { readOnlyDisk } from "./read-only-disk.ts";
import { findMisnamed, nothingBefore, outOfTurn, type Before } from "./segment.ts";
import { verifySnapshot } from "./snapshot.ts";
import { afterSegment, walkSegment, type Pause, type WalkedSegment } from "./walk.ts";

export interface ReadingOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly limits: JournalLimits;
  /** How to wait where a server is writing; null where none is. */
  readonly pause: Pause | null;
  /** Offset of the first event wanted. */
  readonly from: number;
  /** Offset of the first event not wanted any more. */
  readonly to: number;
}

/** @param first the offset of the first of these events, which belong to one frame. */
export type FrameVisitor = (
  events: readonly SaleEvent[],
  first: number,
  epoch: number,
) => void | Promise<void>;

export interface Reading {
  /** Offset of the first event that is still there; above 0 where older segments were archived. */
  readonly begins: number;
  /** Offset after the last event that was read. */
  readonly ends: number;
  readonly torn: { readonly file: string; readonly offset: number; readonly bytes: number } | null;
}

/**
 * Only the segments that hold what is wanted are read, and nothing is said of the others.
 *
 * @throws {JournalCorrupt} at the first damage; everything before it was visited.
 * @throws {NoJournal | DiskFault} if there is nothing to read, or it can't be read.
 * @throws whatever `visit` rejects with.
 */
export async function readEvents(options: ReadingOptions, visit: FrameVisitor): Promise<Reading> {
  const disk = readOnlyDisk(options.disk);
  const directory = new DataDirectory(options.directory);
  try {
    return await read({ ...options, disk }, directory, visit);
  } catch (error) {
    throw asDiskFault(error, options.directory);
  }
}

async function read(
  { disk, limits, pause, from, to }: ReadingOptions,
  directory: DataDirectory,
  visit: FrameVisitor,
): Promise<Reading> {
  const segments = await listSegments(disk, directory);
  const begins = segments[0].offset;
  await assertStartIsKnown(disk, directory, segments[0], limits.maxFrameBytes);
  const holding = segments.findLastIndex(({ offset }) => offset <= from);
  let before: Before | "anything" | null = begins === 0 && holding <= 0 ? null : "anything";
  let last: WalkedSegment | null = null;
  for (const file of segments.slice(Math.max(0, holding))) {
    if (file.offset >= to) break;
    if (last !== null && last.end.offset !== file.offset) throw outOfTurn(file, last.end.offset);
    const isLast = file === segments.at(-1);
    let offset = file.offset;
    last = await walkSegment(disk, file, before, { limits, isLast, pause, until: to }, (events, epoch) => {
      const first = offset;
      offset += events.length;
      if (offset <= from) return undefined;
      const [start, end] = [Math.max(0, from - first), Math.min(events.length, to - first)];
      return visit(events.slice(start, end), first + start, epoch);
    });
    before = afterSegment(last);
  }
  const torn = last?.torn ?? null;
  return {
    begins,
    ends: Math.min(to, last?.end.offset ?? begins),
    torn:
      torn === null || last === null
        ? null
        : { file: last.path, offset: torn.position, bytes: torn.bytes.length },
  };
}

async function listSegments(
  disk: Disk,
  directory: DataDirectory,
): Promise<readonly [NumberedFile, ...NumberedFile[]]> {
  const names = await disk.list(directory.path);
  if (!names.includes("journal")) throw new NoJournal(directory.path);
  const segments = await directory.segments(disk);
  const misnamed = await findMisnamed(disk, directory, segments);
  if (misnamed !== null) throw misnamed;
  const [first, ...rest] = segments;
  if (first === undefined) throw new NoJournal(directory.path);
  return [first, ...rest];
}

/** Older segments may be archived, if a snapshot stands for them; without one they are lost. */
async function assertStartIsKnown(
  disk: Disk,
  directory: DataDirectory,
  first: NumberedFile,
  maxFrameBytes: number,
): Promise<void> {
  if (first.offset === 0) return;
  const path = directory.snapshotPath(first.offset);
  const names = await disk.list(directory.path);
  const snapshots = names.includes("snapshots") ? await directory.snapshotFiles(disk) : [];
  if (snapshots.some(({ offset }) => offset === first.offset)) {
    const snapshot = await verifySnapshot(disk, { path, offset: first.offset }, maxFrameBytes);
    if (!("what" in snapshot)) return;
  }
  throw nothingBefore(first);
}
