/** Files that the program never writes, put together byte by byte with all their sums right. */
import type { SaleEvent } from "../../src/box-office/event.ts";
import { encodeFileHeader, NOTHING_BEFORE, type FileHeader } from "../../src/journal/file-header.ts";
import { chainHash, EVENTS, FrameEncoder, type FrameKind } from "../../src/journal/frame.ts";

export const LOG = "ab".repeat(16);

export interface CraftedFrame {
  readonly events: readonly SaleEvent[];
  readonly kind?: FrameKind;
  /** What the header says instead of the truth. */
  readonly offset?: number;
  readonly count?: number;
}

/** A segment with these frames; zeros up to `length`, or none. */
export function craftSegment(
  frames: readonly CraftedFrame[],
  length: number | null,
  header: Partial<FileHeader> = {},
): { readonly bytes: Buffer; readonly hash: Buffer; readonly end: number } {
  const { first = 0 } = header;
  const parts = [
    encodeFileHeader("SEGMENT", { log: LOG, epoch: 1, first, before: NOTHING_BEFORE, ...header }),
  ];
  let hash = chainHash(parts[0]!);
  let next = first;
  for (const { events, kind = EVENTS, offset = next, count = events.length } of frames) {
    const encoder = new FrameEncoder(64 * 1024);
    const frame = encoder.seal(kind, encoder.payload(JSON.stringify(events))!, offset, count, hash);
    parts.push(Buffer.from(frame));
    hash = chainHash(frame);
    next += events.length;
  }
  const written = Buffer.concat(parts);
  const bytes = Buffer.alloc(length ?? written.length);
  written.copy(bytes);
  return { bytes, hash, end: written.length };
}
