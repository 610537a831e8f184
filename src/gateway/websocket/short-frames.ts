/**
 * A shortcut for the frames that nearly all clients send: whole, masked text frames of at most 125 bytes of ASCII, and
 * pongs (RFC 6455, sections 5.2 and 5.5). They are read right where they arrived; everything else, from the first frame
 * that isn't one of these, goes to the receiver of `ws`, which knows the whole protocol and every way to break it. The
 * shortcut is only taken while that receiver is between two messages and nothing on the way to it is buffered.
 *
 * A command then costs little of what it does through the socket's and the receiver's streams and events
 * (docs/decisions/0014-below-the-socket.md).
 */
export interface FrameTaker {
  /** @returns whether the connection takes more. */
  takeText(text: string): boolean;
  takePong(): void;
}

const TEXT_FINAL = 0x81;
const PONG_FINAL = 0x8a;
const MASKED = 0x80;
const LONGEST = 125;

/** @returns how many bytes the frames took that were read, from the first. */
export function readShortFrames(bytes: Buffer, length: number, taker: FrameTaker): number {
  let at = 0;
  while (at + 6 <= length) {
    const kind = bytes[at];
    const size = (bytes[at + 1] ?? 0) - MASKED;
    const end = at + 6 + size;
    if (size < 0 || size > LONGEST || end > length) return at;
    if (kind === PONG_FINAL) taker.takePong();
    else {
      const text = kind === TEXT_FINAL ? unmaskAscii(bytes, at + 2, size) : null;
      if (text === null) return at;
      if (!taker.takeText(text)) return end;
    }
    at = end;
  }
  return at;
}

/** The bytes of the text that came last, and the text: nearly all that clients send is the same few words. */
const unmasked = Buffer.alloc(LONGEST);
let last = "";

/** Null if it isn't ASCII; the chunk is left as it was, so that the receiver can still read it. */
function unmaskAscii(chunk: Buffer, mask: number, size: number): string | null {
  const start = mask + 4;
  let isSame = size === last.length;
  for (let i = 0; i < size; i++) {
    const byte = (chunk[start + i] ?? 0) ^ (chunk[mask + (i & 3)] ?? 0);
    if (byte !== unmasked[i]) {
      isSame = false;
      if (byte > 127) {
        // Some of the bytes are of this text now, and what came last isn't there any more.
        last = "";
        return null;
      }
      unmasked[i] = byte;
    }
  }
  if (!isSame) last = unmasked.toString("latin1", 0, size);
  return last;
}
