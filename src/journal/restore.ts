/**
 * Making a data directory of a backup. The sale that goes on from it is another one than the one that went on after the
 * backup was made, and the same offsets mean other events in it. So it gets an epoch that the other never had: the
 * newest of the backup and a random jump (docs/decisions/0009-restored-sales-jump-epochs.md).
 *
 * It is copied beside, read back, and takes its name in one rename, so a restore that didn't finish isn't taken for a
 * sale. The caller holds the lock of the directory.
 */
import { join } from "node:path";
import { readMark } from "./backup-mark.ts";
import { blamingDisk } from "./blaming-disk.ts";
import { copyJournal, copyOthers, type SoundSegment } from "./copying.ts";
import { DataDirectory, type NumberedFile } from "./data-directory.ts";
import { writeAll, type Disk } from "./disk.ts";
import { BackupFault, JournalCorrupt } from "./fault.ts";
import { encodeFileHeader, type FileHeader } from "./file-header.ts";
import type { Inspection } from "./findings.ts";
import { chainHash } from "./frame.ts";
import { inspect } from "./inspection.ts";
import type { JournalLimits } from "./limits.ts";
import { readOnlyDisk } from "./read-only-disk.ts";

export interface RestoreOptions {
  readonly disk: Disk;
  /** The backup. */
  readonly from: string;
  /** The data directory to be; it may hold anything but a sale. */
  readonly directory: string;
  readonly limits: JournalLimits;
  /** By how much the epoch rises; from 1. */
  readonly epochJump: number;
  /** Other files of the backup that come along, unless the directory has its own. */
  readonly also: readonly string[];
}

export interface Restored {
  /** What was found when the restored directory was read back. */
  readonly copy: Inspection;
  /** Of the next start. */
  readonly epoch: number;
  readonly also: readonly string[];
}

/** Receipts keep an epoch in 32 bits. */
const HIGHEST_EPOCH = 0xffff_ffff;

const UNFINISHED = ".restoring";

/**
 * @throws {BackupFault} if `from` isn't a finished backup, or the directory holds a sale.
 * @throws {JournalCorrupt} if the backup isn't what was written, or isn't all there.
 * @throws {DiskFault} if something can't be read or written.
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { limits, epochJump } = options;
  const [source, target] = [new DataDirectory(options.from), new DataDirectory(options.directory)];
  const from = readOnlyDisk(blamingDisk(options.disk, source.path, "backup"));
  const to = blamingDisk(options.disk, target.path, "data directory");
  await assertFree(to, target.path);
  const mark = await readMark(from, source.path);
  const found = await inspect({ disk: from, directory: source, limits, pause: null });
  assertSound(found);
  const epoch = mark.epoch + epochJump;
  if (epoch >= HIGHEST_EPOCH)
    throw new BackupFault("NO_EPOCH_LEFT", `there is no epoch above ${mark.epoch} left`);
  const beside = new DataDirectory(target.path, UNFINISHED);
  await copyJournal(from, segmentsOf(found), snapshotsOf(found), to, beside, limits.stepBytes);
  const begun = { ...mark, epoch, before: beforeOf(found, mark) };
  const header = await beginEpoch(to, beside, begun, limits.stepBytes);
  const copy = await inspect({ disk: to, directory: beside, limits, pause: null });
  assertSound(copy);
  const end = { ...begun, before: chainHash(header).toString("hex") };
  if (JSON.stringify(copy.end) !== JSON.stringify(end))
    throw new BackupFault("COPY_DIFFERS", `${beside.journal} isn't what was copied. Delete it and try again`);
  const also = await copyOthers(from, source.path, to, target.path, options.also);
  await to.rename(beside.journal, target.journal);
  await to.rename(beside.snapshots, target.snapshots);
  await to.syncDirectory(target.path);
  return { copy, epoch: epoch + 1, also };
}

async function assertFree(disk: Disk, path: string): Promise<void> {
  const names = new Set(await disk.list(path));
  for (const name of ["journal", "snapshots", "BACKUP"]) {
    if (names.has(name))
      throw new BackupFault(
        "SALE_EXISTS",
        `${path} has ${name} already. Name a directory that isn't there yet`,
      );
  }
  for (const name of [`journal${UNFINISHED}`, `snapshots${UNFINISHED}`]) {
    if (names.has(name))
      throw new BackupFault(
        "SALE_EXISTS",
        `${join(path, name)} is left of a restore that didn't finish. Delete it first`,
      );
  }
}

/** Which includes that a backup ends where its mark says. */
function assertSound({ findings }: Inspection): void {
  const damage = findings.find(({ kind }) => kind !== "books");
  if (damage !== undefined) throw new JournalCorrupt(damage.file, damage.offset, damage.what);
}

/**
 * Begins a segment of the new epoch, without events; the next start puts its own in its place.
 *
 * @returns its header.
 */
async function beginEpoch(
  disk: Disk,
  directory: DataDirectory,
  header: FileHeader,
  stepBytes: number,
): Promise<Buffer> {
  const bytes = encodeFileHeader("SEGMENT", header);
  const file = await disk.open(directory.segmentPath(header.first), "scratch");
  try {
    await writeAll(file, bytes, 0);
    await file.truncate(stepBytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.syncDirectory(directory.journal);
  return bytes;
}

/** What the segment that begins at the end continues: where one without events stands there, what that one does. */
function beforeOf({ segments }: Inspection, mark: FileHeader): string {
  return segments.find(({ first }) => first === mark.first)?.before ?? mark.before;
}

/** Of a sound journal, whose segments all have an end. */
function segmentsOf({ segments }: Inspection): SoundSegment[] {
  return segments.map(({ file, first, bytes }) => ({ path: file, offset: first, end: bytes as number }));
}

function snapshotsOf({ snapshots }: Inspection): NumberedFile[] {
  return snapshots.map(({ file, offset }) => ({ path: file, offset }));
}
