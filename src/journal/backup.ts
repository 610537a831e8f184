/**
 * Copying a data directory while a server may be selling from it.
 *
 * Everything that was answered before the copying began is in the copy: the write of an answered frame had returned, so
 * whoever reads the file afterwards sees it. What is answered meanwhile may be in it, in order and without gaps: segments
 * are append-only, and the newest is copied up to its last whole frame. Two things move under the reader's feet: a
 * server that restarts rewrites its newest segment (the same frames under the same name), and one that folds removes its
 * third snapshot. The first makes no difference; a snapshot that is gone or isn't whole is left out.
 *
 * What was copied is read back and counted anew before the mark is written that makes it a backup.
 */
import { assertNoBackup, writeMark } from "./backup-mark.ts";
import { blamingDisk } from "./blaming-disk.ts";
import { copyJournal, copyOthers, type SoundSegment } from "./copying.ts";
import { DataDirectory, type NumberedFile } from "./data-directory.ts";
import type { Disk } from "./disk.ts";
import { BackupFault, JournalCorrupt, NoJournal, systemCode } from "./fault.ts";
import type { FileHeader } from "./file-header.ts";
import type { Inspection } from "./findings.ts";
import { inspect } from "./inspection.ts";
import type { JournalLimits } from "./limits.ts";
import { readOnlyDisk } from "./read-only-disk.ts";
import { findMisnamed, type Before } from "./segment.ts";
import { verifySnapshot } from "./snapshot.ts";
import { afterSegment, walkSegment, type Pause, type WalkedSegment } from "./walk.ts";

export interface BackupOptions {
  readonly disk: Disk;
  readonly directory: string;
  /** Where the copy goes: a directory that is empty or not there. */
  readonly target: string;
  readonly limits: JournalLimits;
  /** How to wait where a server is writing; null where none is. */
  readonly pause: Pause | null;
  /** Other files of the data directory that are to come along if they are there. */
  readonly also: readonly string[];
}

export interface BackedUp {
  /** What was found when the copy was read back. */
  readonly copy: Inspection;
  readonly bytes: number;
  /** Those of `also` that were there. */
  readonly also: readonly string[];
}

/**
 * @throws {JournalCorrupt} if the journal isn't what was written: a backup of it would only look like one.
 * @throws {BackupFault} if the target isn't empty, or what was copied isn't what is there.
 * @throws {NoJournal | DiskFault} if there is nothing to copy, or it can't be read or written.
 */
export async function backUp(options: BackupOptions): Promise<BackedUp> {
  const { limits, pause } = options;
  const [source, target] = [new DataDirectory(options.directory), new DataDirectory(options.target)];
  const from = readOnlyDisk(blamingDisk(options.disk, source.path, "data directory"));
  const to = blamingDisk(options.disk, target.path, "backup");
  await assertNoBackup(from, source.path);
  // Before the long reading, after which it is looked at again.
  await assertEmpty(to, target.path);
  // Snapshots first: one that is listed ends where a segment begins that is then listed too.
  const snapshots = await soundSnapshots(from, source, limits.maxFrameBytes);
  const segments = await soundSegments(from, source, limits, pause);
  await to.makeDirectory(target.path);
  await assertEmpty(to, target.path);
  const bytes = await copyJournal(from, segments, snapshots, to, target, limits.stepBytes);
  const also = await copyOthers(from, source.path, to, target.path, options.also);
  const copy = await inspect({ disk: to, directory: target, limits, pause: null });
  await writeMark(to, target.path, markOf(copy, segments));
  return { copy, bytes, also };
}

async function assertEmpty(disk: Disk, path: string): Promise<void> {
  const names = await disk.list(path).catch(unlessGone);
  if (names !== null && names.length > 0)
    throw new BackupFault("TARGET_NOT_EMPTY", `${path} isn't empty. Name a directory that isn't there yet`);
}

async function soundSnapshots(
  disk: Disk,
  source: DataDirectory,
  maxFrameBytes: number,
): Promise<NumberedFile[]> {
  const names = await disk.list(source.path);
  const sound: NumberedFile[] = [];
  for (const file of names.includes("snapshots") ? await source.snapshotFiles(disk) : []) {
    const snapshot = await verifySnapshot(disk, file, maxFrameBytes).catch(unlessGone);
    if (snapshot !== null && !("what" in snapshot)) sound.push(file);
  }
  return sound;
}

/** Reads every segment to its end. */
async function soundSegments(
  disk: Disk,
  source: DataDirectory,
  limits: JournalLimits,
  pause: Pause | null,
): Promise<(SoundSegment & { readonly events: number })[]> {
  const names = await disk.list(source.path);
  const files = names.includes("journal") ? await source.segments(disk) : [];
  const misnamed = files.length === 0 ? null : await findMisnamed(disk, source, files);
  if (misnamed !== null) throw misnamed;
  if (files.length === 0) throw new NoJournal(source.path);
  const sound: (SoundSegment & { readonly events: number })[] = [];
  let before: Before | "anything" | null = files[0]?.offset === 0 ? null : "anything";
  for (const file of files) {
    const isLast = file === files.at(-1);
    const walked: WalkedSegment = await walkSegment(
      disk,
      file,
      before,
      { limits, isLast, pause },
      () => undefined,
    );
    before = afterSegment(walked);
    sound.push({ ...file, end: walked.end.position, events: walked.end.offset });
  }
  return sound;
}

/** The copy has everything that was read, and nothing is wrong with its bytes. */
function markOf(found: Inspection, segments: readonly { readonly events: number }[]): FileHeader {
  const damage = found.findings.find(({ kind }) => kind !== "books");
  if (damage !== undefined) throw new JournalCorrupt(damage.file, damage.offset, damage.what);
  if (found.end === null || found.end.first !== segments.at(-1)?.events)
    throw new BackupFault(
      "COPY_DIFFERS",
      `${found.directory} isn't what was copied. Delete it and try again`,
    );
  return found.end;
}

function unlessGone(error: unknown): null {
  if (systemCode(error) === "ENOENT") return null;
  throw error;
}
