/**
 * The long readings: folding sealed segments into a snapshot, and counting a sale anew. Both hold the books and one
 * frame at a time, never the purchases, so their memory doesn't grow with the sales. They run in a thread of their
 * own (fold-worker.ts), beside the process that goes on appending: sealed segments don't change, and of the open one nothing is
 * read beyond an offset that is durable.
 */
import {
  auditSale,
  createBoxOffice,
  evolve,
  type BoxOffice,
  purchaseRecord,
} from "../box-office/box-office.ts";
import type { SaleEvent } from "../box-office/event.ts";
import type { Audit } from "../box-office/sale.ts";
import { booksRecord } from "../box-office/snapshot.ts";
import { DataDirectory, type NumberedFile } from "./data-directory.ts";
import type { Disk } from "./disk.ts";
import { JournalCorrupt } from "./fault.ts";
import type { FileHeader } from "./file-header.ts";
import type { FoldJob, Folded, RecountJob } from "./fold-job.ts";
import { BOOKS, PURCHASES } from "./frame.ts";
import { openSegment, outOfTurn, readSegment, type Before } from "./segment.ts";
import { readSnapshot, restoreSnapshot, verifySnapshot, type VerifiedSnapshot } from "./snapshot.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";

/**
 * Writes the snapshot that ends at `job.upTo`, where a segment begins, from the newest good one before it and the
 * segments between. Then only these two are kept. One that can't be finished is removed: it would take space from the sale.
 *
 * @throws {JournalCorrupt} if a segment isn't what was written.
 */
export async function foldSnapshot(disk: Disk, job: FoldJob): Promise<Folded> {
  const { upTo, maxFrameBytes } = job;
  const directory = new DataDirectory(job.directory);
  // A thread that was killed left its own.
  await directory.removeUnfinishedSnapshots(disk);
  const base = await newestGood(disk, directory, maxFrameBytes, upTo);
  const path = directory.snapshotPath(upTo);
  const unfinished = `${path}.tmp`;
  let writer: SnapshotWriter;
  try {
    writer = await writeSnapshot(disk, directory, { base, upTo, maxFrameBytes }, unfinished);
    await assertReadsBack(disk, { path: unfinished, offset: upTo }, maxFrameBytes);
    await disk.rename(unfinished, path);
  } catch (error) {
    await disk.remove(unfinished).catch(() => undefined);
    throw error;
  }
  await disk.syncDirectory(directory.snapshots);
  if (base !== null) await removeAllBut(disk, directory, [path, base.path]);
  return { path, bytes: writer.bytes, purchases: writer.purchases };
}

/**
 * Counts a sale anew from the beginning of the journal, or from the oldest good snapshot where the first segments are
 * gone.
 *
 * @throws {JournalCorrupt} if a segment isn't what was written.
 * @throws {Error} if there is no such sale before `job.upTo`.
 */
export async function foldAudit(disk: Disk, job: RecountJob): Promise<Audit> {
  const { upTo, maxFrameBytes } = job;
  const directory = new DataDirectory(job.directory);
  const segments = await directory.segments(disk);
  const base = segments[0]?.offset === 0 ? null : await oldestGood(disk, directory, maxFrameBytes, segments);
  const state = createBoxOffice("count");
  if (base !== null) await restoreSnapshot(disk, base, maxFrameBytes, state);
  await foldSegments(disk, directory, { base, upTo, maxFrameBytes }, state, () => undefined);
  const sale = state.sales.get(job.sale);
  if (sale === undefined) throw new Error(`no sale ${JSON.stringify(job.sale)} exists at offset ${upTo}`);
  return auditSale(sale, state.offset);
}

interface Span {
  readonly base: VerifiedSnapshot | null;
  readonly upTo: number;
  readonly maxFrameBytes: number;
}

/** @returns the writer, closed: everything is durable but the name. */
async function writeSnapshot(
  disk: Disk,
  directory: DataDirectory,
  span: Span,
  path: string,
): Promise<SnapshotWriter> {
  const { base, upTo, maxFrameBytes } = span;
  const header = await headerAt(disk, directory.segmentPath(upTo), upTo);
  const writer = await SnapshotWriter.create(disk, path, header, maxFrameBytes);
  try {
    const state = createBoxOffice("count");
    if (base !== null) {
      await restoreSnapshot(disk, base, maxFrameBytes, state);
      await copyPurchases(disk, base, maxFrameBytes, writer);
    }
    const before = await foldSegments(disk, directory, span, state, (event, epoch) =>
      event.type === "purchased"
        ? writer.add(PURCHASES, purchaseRecord(event, epoch, state.offset))
        : undefined,
    );
    if (before.hash !== header.before)
      throw new JournalCorrupt(directory.segmentPath(upTo), 0, "it doesn't continue the segment before it");
    const books = booksRecord(state);
    for (const sale of books.sales) await writer.add(BOOKS, { ...books, sales: [sale] });
    await writer.end();
  } finally {
    await writer.close();
  }
  return writer;
}

async function assertReadsBack(disk: Disk, file: NumberedFile, maxFrameBytes: number): Promise<void> {
  const readBack = await verifySnapshot(disk, file, maxFrameBytes);
  if (!("what" in readBack)) return;
  throw new Error(
    `${file.path} was not what was written when it was read back at byte ${readBack.at}: ${readBack.what}`,
  );
}

/** Evolves `state` from where it stands to `upTo`; `visit` sees each event just before it is applied. */
async function foldSegments(
  disk: Disk,
  directory: DataDirectory,
  { base, upTo, maxFrameBytes }: Span,
  state: BoxOffice,
  visit: (event: SaleEvent, epoch: number) => Promise<void> | undefined,
): Promise<Before> {
  const start = state.offset;
  let before: Before | null =
    base === null ? null : { log: base.header.log, epoch: base.header.epoch, hash: base.header.before };
  for (const file of await directory.segments(disk)) {
    if (file.offset < start || file.offset >= upTo) continue;
    if (file.offset !== state.offset) throw outOfTurn(file, state.offset);
    const segment = await openSegment(disk, file, before, null);
    try {
      const stop = await readSegment(segment, { maxFrameBytes, until: upTo }, async (events, epoch) => {
        for (const event of events) {
          if (state.offset >= upTo) return;
          const visited = visit(event, epoch);
          if (visited !== undefined) await visited;
          evolve(state, event, epoch);
        }
      });
      before = { log: segment.header.log, epoch: segment.header.epoch, hash: stop.hash.toString("hex") };
    } finally {
      await segment.file.close();
    }
  }
  if (before === null || state.offset !== upTo)
    throw outOfTurn({ path: directory.journal, offset: upTo }, state.offset);
  return before;
}

/** Purchases pass through as the bytes that they are. */
async function copyPurchases(
  disk: Disk,
  { path }: VerifiedSnapshot,
  maxFrameBytes: number,
  writer: SnapshotWriter,
): Promise<void> {
  const file = await disk.open(path, "read");
  try {
    await readSnapshot(file, maxFrameBytes, ({ kind, count, frame }) =>
      kind === PURCHASES ? writer.copy(count, frame) : undefined,
    );
  } finally {
    await file.close();
  }
}

/** What the segment that begins at `offset` says of the log so far. */
async function headerAt(disk: Disk, path: string, offset: number): Promise<FileHeader> {
  const segment = await openSegment(disk, { path, offset }, null, null);
  await segment.file.close();
  return segment.header;
}

async function newestGood(
  disk: Disk,
  directory: DataDirectory,
  maxFrameBytes: number,
  below: number,
): Promise<VerifiedSnapshot | null> {
  const files = (await directory.snapshotFiles(disk)).filter(({ offset }) => offset < below);
  return firstGood(disk, files.toReversed(), maxFrameBytes);
}

async function oldestGood(
  disk: Disk,
  directory: DataDirectory,
  maxFrameBytes: number,
  segments: readonly NumberedFile[],
): Promise<VerifiedSnapshot | null> {
  const begins = new Set(segments.map(({ offset }) => offset));
  const files = (await directory.snapshotFiles(disk)).filter(({ offset }) => begins.has(offset));
  return firstGood(disk, files, maxFrameBytes);
}

async function firstGood(
  disk: Disk,
  files: readonly NumberedFile[],
  maxFrameBytes: number,
): Promise<VerifiedSnapshot | null> {
  for (const file of files) {
    const snapshot = await verifySnapshot(disk, file, maxFrameBytes);
    if (!("what" in snapshot)) return snapshot;
  }
  return null;
}

async function removeAllBut(disk: Disk, directory: DataDirectory, kept: readonly string[]): Promise<void> {
  for (const { path } of await directory.snapshotFiles(disk)) {
    if (!kept.includes(path)) await disk.remove(path);
  }
}
