import { FILE_HEADER_BYTES } from "./file-header.ts";

/**
 * Every bound of the journal. Tests make them small. A data directory may be opened with others than it was written
 * with, except for another `stepBytes` and a smaller `maxFrameBytes`.
 */
export interface JournalLimits {
  /** Length of a full segment; a multiple of `stepBytes`. */
  readonly segmentBytes: number;
  /** Space is made in pieces of this size; a multiple of 512, and more than a frame and a file header. */
  readonly stepBytes: number;
  /**
   * More space is made when less than this is left. With less than three frames and a file header, there may be no room for
   * the next frame for as long as one is written: that one, the next, and what is left over at the end of a segment.
   */
  readonly roomAheadBytes: number;
  /** One whole frame. */
  readonly maxFrameBytes: number;
  /** A sync that takes longer than this is reported. */
  readonly syncHangMs: number;
  /** How long to wait before trying again to make space. */
  readonly roomRetryMs: number;
  /** A snapshot is folded when this much sealed journal lies after the newest one, and as much as that one is long. */
  readonly snapshotEveryBytes: number;
}

export const DEFAULT_JOURNAL_LIMITS: JournalLimits = {
  segmentBytes: 64 << 20,
  stepBytes: 1 << 20,
  roomAheadBytes: 2 << 20,
  maxFrameBytes: 512 << 10,
  syncHangMs: 5_000,
  roomRetryMs: 1_000,
  snapshotEveryBytes: 256 << 20,
};

/** @throws {RangeError} if the limits contradict each other. */
export function assertLimits(limits: JournalLimits): void {
  const { segmentBytes, stepBytes, roomAheadBytes, maxFrameBytes } = limits;
  if (stepBytes % 512 !== 0) throw new RangeError("stepBytes must be a multiple of 512");
  if (segmentBytes % stepBytes !== 0) throw new RangeError("segmentBytes must be a multiple of stepBytes");
  if (FILE_HEADER_BYTES + maxFrameBytes >= stepBytes)
    throw new RangeError("a frame and a file header must be shorter than stepBytes");
  if (roomAheadBytes <= maxFrameBytes) throw new RangeError("roomAheadBytes must be more than a frame");
}
