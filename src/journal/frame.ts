/**
 * A frame is one durable batch: 44 bytes of header, then JSON that a person can read.
 *
 *      0  magic, four letters       16  count (u32)                       40  crc32 of bytes 0..39 (u32)
 *      4  payload bytes (u32)       20  crc32 of the payload (u32)        44  payload: a JSON array and a newline
 *      8  first offset (u64)        24  hash of the frame before (16)
 *
 * Numbers are little-endian. The hash is the first half of a SHA-256 over the whole frame before, so frames can't be
 * swapped, dropped or taken from another journal. Three properties make a torn frame tellable from a damaged one
 * (recovery.ts):
 *
 * - The header has a sum of its own, so a length is either right or known to be unknown.
 * - No sector of a whole frame is all zeros: JSON holds no NUL, and a header reaches into at most two sectors, one
 *   with the magic and one with the first byte of JSON.
 * - Turning one bit can't make a piece of a frame all zeros: the pieces that may be a single byte are the first
 *   letter of the magic and the closing newline, which have two bits set.
 */
import { hash } from "node:crypto";
import { crc32 } from "node:zlib";

export const FRAME_HEADER_BYTES = 44;
export const HASH_BYTES = 16;

/** Four letters that open a frame, as a little-endian number; they say what its payload is. */
export type FrameKind = number;

export const EVENTS: FrameKind = kindOf("BILe");
export const PURCHASES: FrameKind = kindOf("BILp");
export const BOOKS: FrameKind = kindOf("BILb");
export const END: FrameKind = kindOf("BILz");

const KINDS = new Set([EVENTS, PURCHASES, BOOKS, END]);

export interface FrameHeader {
  readonly kind: FrameKind;
  /** Bytes of the whole frame. */
  readonly bytes: number;
  readonly offset: number;
  readonly count: number;
}

/** Builds one frame at a time in a buffer of its own: what it returned is overwritten by the next. */
export class FrameEncoder {
  readonly #buffer: Buffer;

  /** @param maxBytes of a whole frame. */
  constructor(maxBytes: number) {
    this.#buffer = Buffer.allocUnsafe(maxBytes);
  }

  /** Writes the payload; `json` is an array without the newline. Null if it is too long for a frame. */
  payload(json: string): number | null {
    const room = this.#buffer.length - FRAME_HEADER_BYTES - 1;
    if (json.length > room) return null;
    if (json.length * 3 > room && Buffer.byteLength(json) > room) return null;
    return this.#closed(FRAME_HEADER_BYTES + this.#buffer.write(json, FRAME_HEADER_BYTES));
  }

  /**
   * Has a part of the payload written in its place, an array of JSON; `payloadEnd` closes it.
   *
   * @param at where the part before it ended; `FRAME_HEADER_BYTES` for the first.
   * @param write puts it between two places, and says where it ended.
   */
  payloadPart(at: number, write: (bytes: Buffer, start: number, end: number) => number): number {
    return write(this.#buffer, at, this.#buffer.length - 1);
  }

  /** Behind the last part, which ended at `at`. */
  payloadEnd(at: number): number {
    this.#buffer[at] = 0x5d;
    return this.#closed(at + 1);
  }

  /** Takes a payload that is bytes already, newline included. */
  payloadBytes(bytes: Buffer): number {
    return FRAME_HEADER_BYTES + bytes.copy(this.#buffer, FRAME_HEADER_BYTES);
  }

  #closed(end: number): number {
    this.#buffer[end] = 0x0a;
    return end + 1;
  }

  /** Puts the header before the payload; `bytes` is what `payload` returned. */
  seal(kind: FrameKind, bytes: number, offset: number, count: number, previous: Buffer): Buffer {
    const frame = this.#buffer.subarray(0, bytes);
    frame.writeUInt32LE(kind, 0);
    frame.writeUInt32LE(bytes - FRAME_HEADER_BYTES, 4);
    frame.writeUInt32LE(offset >>> 0, 8);
    frame.writeUInt32LE(Math.floor(offset / 0x1_0000_0000), 12);
    frame.writeUInt32LE(count, 16);
    frame.writeUInt32LE(crc32(frame.subarray(FRAME_HEADER_BYTES)), 20);
    previous.copy(frame, 24);
    frame.writeUInt32LE(crc32(frame.subarray(0, 40)), 40);
    return frame;
  }
}

/** The header that stands at `at`, or null if none does or it isn't intact. Says nothing of the payload. */
export function readFrameHeader(buffer: Buffer, at: number): FrameHeader | null {
  if (buffer.length - at < FRAME_HEADER_BYTES) return null;
  const kind = buffer.readUInt32LE(at);
  if (!KINDS.has(kind)) return null;
  if (crc32(buffer.subarray(at, at + 40)) !== buffer.readUInt32LE(at + 40)) return null;
  return {
    kind,
    bytes: FRAME_HEADER_BYTES + buffer.readUInt32LE(at + 4),
    offset: buffer.readUInt32LE(at + 8) + buffer.readUInt32LE(at + 12) * 0x1_0000_0000,
    count: buffer.readUInt32LE(at + 16),
  };
}

/** Whether a frame with an intact header names `hash` as the one before it. */
export function follows(frame: Buffer, at: number, hash: Buffer): boolean {
  return frame.compare(hash, 0, HASH_BYTES, at + 24, at + 24 + HASH_BYTES) === 0;
}

/** Whether the payload has the sum that the header names. */
export function hasSoundPayload(frame: Buffer): boolean {
  return crc32(frame.subarray(FRAME_HEADER_BYTES)) === frame.readUInt32LE(20);
}

/** What the next frame, or the next segment, names as the one before it. */
export function chainHash(bytes: Buffer): Buffer {
  return hash("sha256", bytes, "buffer").subarray(0, HASH_BYTES);
}

function kindOf(letters: string): FrameKind {
  return Buffer.from(letters, "latin1").readUInt32LE();
}
