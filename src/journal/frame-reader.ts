/**
 * Reads a file frame by frame in constant memory, checking each against its sums and against the one before it. It
 * stops at the first thing that isn't a sound frame in its place and says why; whether that is the end, a torn frame
 * or damage is for recovery.ts to judge.
 */
import type { DiskFile } from "./disk.ts";
import {
  chainHash,
  follows,
  FRAME_HEADER_BYTES,
  hasSoundPayload,
  readFrameHeader,
  type FrameHeader,
} from "./frame.ts";

/** What the next frame has to continue. */
export interface Chain {
  /** Byte offset in the file. */
  readonly position: number;
  /** Offset of the next event. */
  readonly offset: number;
  readonly hash: Buffer;
}

/** A sound frame; `bytes` is only valid until the visitor is done. */
export interface Frame extends FrameHeader {
  readonly position: number;
  readonly frame: Buffer;
}

/**
 * `limit`: everything asked for was read. `header`: no intact header stands there. `payload`: the header is intact,
 * and the payload isn't. `place`: a sound header, in the wrong place.
 */
export type StopReason = "limit" | "header" | "payload" | "place";

export interface Stop extends Chain {
  readonly reason: StopReason;
  readonly why: string;
  /** Bytes of the whole frame there, where the header is intact. */
  readonly frameBytes: number | null;
}

export interface ReadOptions {
  readonly maxFrameBytes: number;
  /** Stop where this offset is reached. */
  readonly until?: number;
}

/** Bytes asked of the disk at once. */
const READ_BYTES = 1 << 20;

/**
 * @param visit called for each sound frame in order; where it returns a promise, reading waits for it.
 */
export async function readFrames(
  file: DiskFile,
  from: Chain,
  options: ReadOptions,
  visit: (frame: Frame) => void | Promise<void>,
): Promise<Stop> {
  const { maxFrameBytes, until = Infinity } = options;
  const atOnce = Math.min(READ_BYTES, await file.size());
  const window = new Window(file, from.position, Math.max(atOnce, 2 * maxFrameBytes));
  let { offset, hash } = from;
  const stop = (reason: StopReason, why: string, frameBytes: number | null = null): Stop => ({
    position: window.position,
    offset,
    hash,
    reason,
    why,
    frameBytes,
  });
  for (;;) {
    if (offset >= until) return stop("limit", "everything asked for was read");
    if (window.available < FRAME_HEADER_BYTES) await window.refill();
    const header = readFrameHeader(window.buffer, window.start);
    if (header === null) return stop("header", "no intact frame stands there");
    const { bytes } = header;
    if (bytes > maxFrameBytes)
      return stop("place", `a frame of ${bytes} bytes is longer than is ever written`);
    if (header.offset !== offset)
      return stop(
        "place",
        `a frame stands there that begins with event ${header.offset} instead of ${offset}`,
      );
    if (!follows(window.buffer, window.start, hash))
      return stop("place", "the frame there doesn't continue the one before it");
    if (window.available < bytes) await window.refill();
    if (window.available < bytes) return stop("place", "the file ends within a frame", bytes);
    const frame = window.buffer.subarray(window.start, window.start + bytes);
    if (!hasSoundPayload(frame)) return stop("payload", "the frame's checksum is wrong", bytes);
    const visited = visit({ ...header, position: window.position, frame });
    if (visited !== undefined) await visited;
    hash = chainHash(frame);
    offset += header.count;
    window.skip(bytes);
  }
}

/** The JSON of a frame, parsed. The sums were right, so it is what was written. */
export function parseFrame<T>(frame: Buffer): T[] {
  return JSON.parse(frame.toString("utf8", FRAME_HEADER_BYTES)) as T[];
}

/** A sliding view of a file: `buffer` from `start` on holds what stands at `position`. */
class Window {
  readonly buffer: Buffer;
  readonly #file: DiskFile;
  position: number;
  start = 0;
  #end = 0;

  constructor(file: DiskFile, position: number, bytes: number) {
    this.#file = file;
    this.position = position;
    this.buffer = Buffer.alloc(bytes);
  }

  get available(): number {
    return this.#end - this.start;
  }

  skip(bytes: number): void {
    this.start += bytes;
    this.position += bytes;
  }

  /** Moves what is left to the front and fills the rest; past the end of the file the rest reads as zeros. */
  async refill(): Promise<void> {
    this.buffer.copyWithin(0, this.start, this.#end);
    this.#end -= this.start;
    this.start = 0;
    this.#end += await this.#file.read(this.buffer.subarray(this.#end), this.position + this.#end);
    this.buffer.fill(0, this.#end);
  }
}
