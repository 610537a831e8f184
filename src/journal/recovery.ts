/**
 * Finding out what the journal says, and changing nothing: the newest good snapshot, then every segment from there
 * on, frame by frame, each checked against the one before. Only the end of the last segment may be unfinished
 * (tail.ts); every other doubt is a `JournalCorrupt` that names the file and the byte.
 *
 * A snapshot always ends where a segment begins, since it is folded from sealed segments. It repeats the chain's hash
 * at that point, so a snapshot and the segments after it can't come from different histories. A snapshot that is
 * damaged costs time and not data, and is passed over; unless the segments that it stands for are gone.
 */
import { evolve, type BoxOffice } from "../box-office/box-office.ts";
import type { DataDirectory, NumberedFile } from "./data-directory.ts";
import type { Disk } from "./disk.ts";
import { JournalCorrupt } from "./fault.ts";
import type { FileHeader } from "./file-header.ts";
import type { JournalLimits } from "./limits.ts";
import { findMisnamed, missingAfter, nothingBefore, outOfTurn, type Before } from "./segment.ts";
import { restoreSnapshot, verifySnapshot, type VerifiedSnapshot } from "./snapshot.ts";
import { afterSegment, walkSegment, type WalkedSegment } from "./walk.ts";

export interface SkippedSnapshot {
  readonly path: string;
  readonly why: string;
}

export interface Recovered {
  /** Null if the directory holds no journal yet. */
  readonly last: WalkedSegment | null;
  readonly snapshot: VerifiedSnapshot | null;
  readonly skipped: readonly SkippedSnapshot[];
  /** Events replayed, and the bytes of their frames. */
  readonly events: number;
  readonly bytes: number;
}

/**
 * Brings `state`, which must be new, to what the journal says.
 *
 * @throws {JournalCorrupt} and then the state is of no use.
 */
export async function recover(
  disk: Disk,
  directory: DataDirectory,
  limits: JournalLimits,
  state: BoxOffice,
): Promise<Recovered> {
  const segments = await directory.segments(disk);
  const misnamed = await findMisnamed(disk, directory, segments);
  if (misnamed !== null) throw misnamed;
  const { found, skipped } = await findSnapshot(disk, directory, limits, segments);
  if (found !== null) await restoreSnapshot(disk, found, limits.maxFrameBytes, state);
  const start = state.offset;
  const from = segments.findIndex(({ offset }) => offset === start);
  if (from === -1 && segments.length + skipped.length > 0) throw missingFrom(segments, skipped, directory);
  let before: Before | null = found === null ? null : beforeOf(found.header);
  let last: WalkedSegment | null = null;
  let bytes = 0;
  for (const segment of segments.slice(Math.max(from, 0))) {
    if (last !== null && last.end.offset !== segment.offset) throw outOfTurn(segment, last.end.offset);
    const isLast = segment === segments.at(-1);
    last = await walkSegment(disk, segment, before, { limits, isLast }, (events, epoch) => {
      for (const event of events) evolve(state, event, epoch);
    });
    before = afterSegment(last);
    bytes += last.end.position;
  }
  return { last, snapshot: found, skipped, events: state.offset - start, bytes };
}

/**
 * The newest snapshot that is whole, and the ones that were passed over for it.
 *
 * @throws {JournalCorrupt} if a whole snapshot contradicts the segments.
 */
async function findSnapshot(
  disk: Disk,
  directory: DataDirectory,
  limits: JournalLimits,
  segments: readonly NumberedFile[],
): Promise<{ readonly found: VerifiedSnapshot | null; readonly skipped: readonly SkippedSnapshot[] }> {
  const skipped: SkippedSnapshot[] = [];
  for (const file of (await directory.snapshotFiles(disk)).toReversed()) {
    const snapshot = await verifySnapshot(disk, file, limits.maxFrameBytes);
    if ("what" in snapshot) {
      skipped.push({ path: file.path, why: `it is damaged at byte ${snapshot.at}: ${snapshot.what}` });
      continue;
    }
    if (!segments.some(({ offset }) => offset === file.offset))
      throw missingAfter(file, directory.segmentPath(file.offset));
    return { found: snapshot, skipped };
  }
  return { found: null, skipped };
}

function beforeOf(snapshot: FileHeader): Before {
  return { log: snapshot.log, epoch: snapshot.epoch, hash: snapshot.before };
}

function missingFrom(
  segments: readonly NumberedFile[],
  skipped: readonly SkippedSnapshot[],
  directory: DataDirectory,
): JournalCorrupt {
  const first = segments[0];
  const why = skipped.map((snapshot) => ` (${snapshot.path}: ${snapshot.why})`).join("");
  if (first === undefined)
    return new JournalCorrupt(
      directory.journal,
      0,
      `the segments are gone, and the snapshots say nothing${why}`,
    );
  return nothingBefore(first, why);
}
