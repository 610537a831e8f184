/** Copying the files of a journal up to where their sound frames end. */
import { join } from "node:path";
import type { DataDirectory, NumberedFile } from "./data-directory.ts";
import { writeAll, type Disk, type DiskFile } from "./disk.ts";
import { systemCode } from "./fault.ts";

const COPY_BYTES = 1 << 20;

export interface SoundSegment extends NumberedFile {
  /** Where its sound frames end, in bytes. */
  readonly end: number;
}

/**
 * Copies segments and snapshots into the folders of another data directory, and makes them and their names durable. A
 * snapshot that is gone by now is left out: a running server keeps two.
 *
 * @returns bytes copied.
 */
export async function copyJournal(
  from: Disk,
  segments: readonly SoundSegment[],
  snapshots: readonly NumberedFile[],
  to: Disk,
  target: DataDirectory,
  stepBytes: number,
): Promise<number> {
  await target.make(to);
  let bytes = 0;
  for (const { path, offset, end } of segments) {
    const length = segmentLength(end, stepBytes);
    bytes += await copyFile(from, path, to, target.segmentPath(offset), { end, length });
  }
  for (const { path, offset } of snapshots) {
    bytes += (await copyIfThere(from, path, to, target.snapshotPath(offset))) ?? 0;
  }
  await to.syncDirectory(target.journal);
  await to.syncDirectory(target.snapshots);
  return bytes;
}

/**
 * Copies whole files from one directory to another, unless they aren't there or the other has its own.
 *
 * @returns those that were copied; they are durable, their names aren't.
 */
export async function copyOthers(
  from: Disk,
  source: string,
  to: Disk,
  target: string,
  names: readonly string[],
): Promise<string[]> {
  const ours = new Set(await to.list(target));
  const copied: string[] = [];
  for (const name of names.filter((name) => !ours.has(name))) {
    const bytes = await copyIfThere(from, join(source, name), to, join(target, name));
    if (bytes !== null) copied.push(name);
  }
  return copied;
}

/** Copies a whole file; null if it isn't there. The bytes are durable when this resolves, the name isn't. */
async function copyIfThere(from: Disk, original: string, to: Disk, copy: string): Promise<number | null> {
  try {
    return await copyFile(from, original, to, copy, null);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    throw error;
  }
}

/** Copies the first `end` bytes of a file. @throws {Error} if there are fewer. */
export async function copyBytes(from: DiskFile, end: number, to: DiskFile): Promise<void> {
  for (let at = 0; at < end; at += COPY_BYTES) {
    const chunk = Buffer.allocUnsafe(Math.min(COPY_BYTES, end - at));
    const read = await from.read(chunk, at);
    if (read < chunk.length) throw new Error(`a file of ${end} bytes became shorter while it was copied`);
    await writeAll(to, chunk, at);
  }
}

/** Length of a segment whose frames end there: never full to the last byte, so a zero shows that it wasn't cut. */
export function segmentLength(end: number, stepBytes: number): number {
  return (Math.floor(end / stepBytes) + 1) * stepBytes;
}

/** @param part of it, with zeros up to `length`; null for the whole. */
async function copyFile(
  from: Disk,
  originalPath: string,
  to: Disk,
  copyPath: string,
  part: { readonly end: number; readonly length: number } | null,
): Promise<number> {
  const original = await from.open(originalPath, "read");
  try {
    const end = part?.end ?? (await original.size());
    const file = await to.open(copyPath, "scratch");
    try {
      await copyBytes(original, end, file);
      if (part !== null) await file.truncate(part.length);
      await file.sync();
    } finally {
      await file.close();
    }
    return end;
  } finally {
    await original.close();
  }
}
