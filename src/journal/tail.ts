/**
 * What stands after the last sound frame of the last segment. Three answers are possible.
 *
 * **Clean**: only zeros, the space made ahead.
 *
 * **Torn**: the power went, or the process died, within the one write that was in flight. The disk writes whole
 * sectors of 512 bytes in any order, so at least one sector that the frame reaches into still holds the zeros of the
 * space made ahead, and no whole frame has such a sector (frame.ts says why). A write that took only part of the frame
 * may also end within a sector: then zeros stand where JSON should, which has none; two of them, since one may be a
 * bit that turned. Nobody was answered from that frame, since its write never returned; it is cut.
 *
 * **Damaged**: everything else. A frame that is there in full with a wrong sum may have been acknowledged, and so may
 * whatever a later frame followed. Cutting it would take back a ticket that somebody holds, so the start is refused.
 *
 * What can't be told apart: a disk that turned a whole sector of the very last acknowledged frame into zeros.
 */
import type { DiskFile } from "./disk.ts";
import { FRAME_HEADER_BYTES, readFrameHeader } from "./frame.ts";
import type { Stop } from "./frame-reader.ts";

const SECTOR_BYTES = 512;

const CHUNK_BYTES = 1 << 20;

const TWO_ZEROS = Buffer.alloc(2);

export type Tail =
  | { readonly kind: "clean" }
  /** `bytes` are what the torn frame left. */
  | { readonly kind: "torn"; readonly position: number; readonly bytes: Buffer }
  | { readonly kind: "damaged"; readonly position: number; readonly what: string };

/** Judges what follows the sound frames of the last segment. */
export async function judgeTail(
  file: DiskFile,
  size: number,
  stop: Stop,
  maxFrameBytes: number,
): Promise<Tail> {
  const { position, reason, why } = stop;
  const damaged = (what: string, at = position): Tail => ({ kind: "damaged", position: at, what });
  // At least one zero is kept after the last frame, so a file that was cut just there shows it.
  if (position >= size) return damaged("the file ends where space made ahead should follow");
  if ((await firstNonZero(file, position, size)) === null) return { kind: "clean" };
  if (reason !== "header" && reason !== "payload") return damaged(why);
  const end = position + (stop.frameBytes ?? maxFrameBytes);
  if (stop.frameBytes !== null && end >= size) return damaged("the file ends within a frame");
  const range = Buffer.alloc(Math.min(end, size) - position);
  await file.read(range, position);
  const evidence = reason === "header" ? Math.min(FRAME_HEADER_BYTES, range.length) : range.length;
  const isPartial = reason === "header" ? hasNoJson(range) : hasZeros(range);
  if (!isPartial && !hasEmptySector(range, position, evidence)) return damaged(why);
  const after = await firstNonZero(file, position + range.length, size);
  if (after !== null) return damaged("something follows an unfinished frame", after);
  const frame = findFrame(range);
  if (frame !== null) return damaged("a frame follows something that isn't one", position + frame);
  return { kind: "torn", position, bytes: range.subarray(0, lengthWithoutZeros(range)) };
}

/** The position of the first byte in [from, to) that isn't zero, or null. */
export async function firstNonZero(file: DiskFile, from: number, to: number): Promise<number | null> {
  const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, Math.max(0, to - from)));
  const zeros = Buffer.alloc(chunk.length);
  for (let at = from; at < to; at += chunk.length) {
    const wanted = Math.min(chunk.length, to - at);
    const read = await file.read(chunk.subarray(0, wanted), at);
    if (chunk.compare(zeros, 0, read, 0, read) !== 0) {
      return at + chunk.findIndex((byte) => byte !== 0);
    }
  }
  return null;
}

/** Whether a sector's part of the range is all zeros, among the sectors that hold one of its first `within` bytes. */
function hasEmptySector(range: Buffer, position: number, within: number): boolean {
  for (let start = 0; start < within;) {
    const end = Math.min(range.length, start + SECTOR_BYTES - ((position + start) % SECTOR_BYTES));
    if (range.subarray(start, end).every((byte) => byte === 0)) return true;
    start = end;
  }
  return false;
}

/** Whether two zeros, or one where the newline belongs, stand in the JSON of a frame with an intact header. */
function hasZeros(frame: Buffer): boolean {
  return frame.includes(TWO_ZEROS, FRAME_HEADER_BYTES) || frame.at(-1) === 0;
}

/** Whether zeros stand where the JSON of a frame begins, whose header doesn't say how long it is. */
function hasNoJson(frame: Buffer): boolean {
  return frame.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + 2).equals(TWO_ZEROS);
}

/** Where an intact frame header begins in the range other than at its start, or null. */
function findFrame(range: Buffer): number | null {
  for (let at = range.indexOf("BIL", 1, "latin1"); at !== -1; at = range.indexOf("BIL", at + 1, "latin1")) {
    if (readFrameHeader(range, at) !== null) return at;
  }
  return null;
}

function lengthWithoutZeros(range: Buffer): number {
  let length = range.length;
  while (length > 0 && range[length - 1] === 0) length -= 1;
  return length;
}
