/**
 * Frames on a stream of bytes: `u32` length of what follows (little-endian), one byte that says what it is, the body.
 * Both ends are the same program on the same machine, so there is no version and no checksum; what can't be right is
 * a fault all the same, since an engine that guesses what was meant might sell it.
 */
import { LinkFault } from "./link-fault.ts";

/** What a frame is. */
export const FrameKind = {
  /** To a worker, first of all: the settings, and every sale as it is. */
  welcome: 1,
  /** From a worker: commands for the queue. */
  commands: 2,
  /** To a worker: what one turn of the engine answered and changed. */
  turn: 3,
  /** Either way, as JSON: everything that isn't hot. */
  note: 4,
  /** From a worker: whole lines of the command log, as they are written. */
  lines: 5,
} as const;

export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

const KINDS: ReadonlySet<number> = new Set(Object.values(FrameKind));

/** Length and kind. */
export const HEADER_BYTES = 5;

/** A frame around a body that is text. */
export function frameOf(kind: FrameKind, body: string | Buffer): Buffer {
  const frame = emptyFrame(kind, Buffer.byteLength(body));
  if (typeof body === "string") frame.write(body, HEADER_BYTES, "utf8");
  else body.copy(frame, HEADER_BYTES);
  return frame;
}

/** A frame whose body is still to be written, from `HEADER_BYTES` on. */
export function emptyFrame(kind: FrameKind, bodyBytes: number): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + bodyBytes);
  frame.writeUInt32LE(bodyBytes + 1, 0);
  frame[4] = kind;
  return frame;
}

/** Makes frames of the chunks that a stream brings, wherever it cuts them. */
export class FrameReader {
  readonly #maxBytes: number;
  readonly #take: (kind: FrameKind, body: Buffer) => void;
  #chunks: Buffer[] = [];
  #size = 0;
  /** Bytes without which there is nothing to do. */
  #needed = HEADER_BYTES;

  /** @param maxBytes of one body. @param take told each frame; the body is only lent. */
  constructor(maxBytes: number, take: (kind: FrameKind, body: Buffer) => void) {
    this.#maxBytes = maxBytes;
    this.#take = take;
  }

  /** @throws {LinkFault} at a length or a kind that no frame has, and whatever `take` throws. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#needed) return;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    this.#chunks = [];
    const rest = bytes.subarray(this.#takeFrames(bytes));
    if (rest.length > 0) this.#chunks.push(rest);
    this.#size = rest.length;
  }

  /** @returns where the first frame begins that isn't whole. */
  #takeFrames(bytes: Buffer): number {
    let at = 0;
    for (;;) {
      this.#needed = HEADER_BYTES;
      if (bytes.length - at < HEADER_BYTES) return at;
      const length = bytes.readUInt32LE(at);
      const kind = bytes[at + 4] ?? 0;
      if (length < 1 || length > this.#maxBytes + 1) {
        throw new LinkFault(`a frame of ${length} bytes came; there is none of more than ${this.#maxBytes}`);
      }
      if (!KINDS.has(kind)) throw new LinkFault(`a frame of the unknown kind ${kind} came`);
      const end = at + 4 + length;
      if (end > bytes.length) {
        this.#needed = end - at;
        return at;
      }
      this.#take(kind as FrameKind, bytes.subarray(at + HEADER_BYTES, end));
      at = end;
    }
  }
}
