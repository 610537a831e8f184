/**
 * What a start does to the segment that was open when the last process stopped. Its sound frames are copied to a new
 * file, synced, and the new file takes the name: after a failed sync the page cache may hold bytes that the disk
 * doesn't, and reading them proves nothing about the disk. A crash at any point leaves either the old file or the new
 * one under the name, and both say the same.
 */
import { copyBytes, segmentLength } from "./copying.ts";
import { writeAll, writeBeside, type Disk } from "./disk.ts";
import type { JournalLimits } from "./limits.ts";
import type { WalkedSegment } from "./walk.ts";

/** Keeps what a torn frame left beside its segment. Returns the path. */
export async function keepTorn(disk: Disk, last: WalkedSegment): Promise<string | null> {
  if (last.torn === null) return null;
  const path = `${last.path}.broken`;
  const { bytes } = last.torn;
  await writeBeside(disk, path, (file) => writeAll(file, bytes, 0));
  return path;
}

/** Rewrites the last segment up to the end of its sound frames. */
export async function seal(disk: Disk, limits: JournalLimits, last: WalkedSegment): Promise<void> {
  const { stepBytes } = limits;
  const end = last.end.position;
  await writeBeside(disk, last.path, async (copy) => {
    const original = await disk.open(last.path, "read");
    try {
      await copyBytes(original, end, copy);
    } finally {
      await original.close();
    }
    await copy.truncate(segmentLength(end, stepBytes));
  });
}
