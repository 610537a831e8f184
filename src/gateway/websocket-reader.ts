/**
 * A shortcut for the frames that nearly all clients send: whole, masked text frames of at most 125 bytes of ASCII
 * (RFC 6455, section 5.2). They are read right where they arrived; everything else, from the first frame that isn't
 * one of these, goes to the receiver of `ws`, which knows the whole protocol and every way to break it. The shortcut
 * is only taken while that receiver is between two messages and nothing of it is buffered.
 *
 * A command then costs a third of what it does through the receiver's stream and events (docs/performance.md).
 */
import { Writable } from "node:stream";
import type { WebSocket } from "ws";

/** Told each text; false when the connection takes no more, and the rest then goes the long way. */
export type Take = (webSocket: WebSocket, text: string) => boolean;

/** What of the receiver of `ws` is looked at. */
interface Receiver extends Writable {
  _state: number;
  _bufferedBytes: number;
  _fragmented: number;
  _opcode: number;
  _loop: boolean;
  owner?: WebSocket;
  take?: Take;
}

const BETWEEN_FRAMES = 0;
const CLOSE = 8;
const TEXT_FINAL = 0x81;
const MASKED = 0x80;
const LONGEST = 125;

/** @returns false, and nothing is changed, when this `ws` doesn't look as expected: slower, still right. */
export function installShortcut(webSocket: WebSocket, take: Take): boolean {
  const { _receiver: receiver } = webSocket as unknown as { _receiver?: Receiver };
  if (receiver === undefined || webSocket.extensions !== "" || !looksRight(receiver)) return false;
  receiver.owner = webSocket;
  receiver.take = take;
  receiver.write = writeWithShortcut as Writable["write"];
  return true;
}

/** Stands in for the receiver's `write`, which `ws` calls with each chunk from the socket. Shared by all of them. */
function writeWithShortcut(this: Receiver, chunk: Buffer): boolean {
  const between = this._state === BETWEEN_FRAMES && this._bufferedBytes === 0 && this._fragmented === 0;
  const idle = between && !this._loop && this._opcode !== CLOSE && this.writableLength === 0;
  const from = idle ? takeShortFrames(this, chunk) : 0;
  if (from === chunk.length) return true;
  const rest = from === 0 ? chunk : chunk.subarray(from);
  return Reflect.apply(Writable.prototype.write, this, [rest]) as boolean;
}

/** @returns where the first byte stands that isn't part of a frame taken here. */
function takeShortFrames({ owner, take }: Receiver, chunk: Buffer): number {
  if (owner === undefined || take === undefined) return 0;
  let at = 0;
  while (at + 6 <= chunk.length && chunk[at] === TEXT_FINAL) {
    const size = (chunk[at + 1] ?? 0) - MASKED;
    const end = at + 6 + size;
    if (size < 0 || size > LONGEST || end > chunk.length) return at;
    const text = unmaskAscii(chunk, at + 2, size);
    if (text === null) return at;
    at = end;
    if (!take(owner, text)) return at;
  }
  return at;
}

/** Where a text is unmasked before it is a string; used and left within one call. */
const unmasked = Buffer.allocUnsafe(LONGEST);

/** Null if it isn't ASCII; the chunk is left as it was, so that the receiver can still read it. */
function unmaskAscii(chunk: Buffer, mask: number, size: number): string | null {
  const start = mask + 4;
  for (let i = 0; i < size; i++) {
    const byte = (chunk[start + i] ?? 0) ^ (chunk[mask + (i & 3)] ?? 0);
    if (byte > 127) return null;
    unmasked[i] = byte;
  }
  return unmasked.toString("latin1", 0, size);
}

function looksRight(receiver: Receiver): boolean {
  return (
    receiver instanceof Writable &&
    receiver._state === BETWEEN_FRAMES &&
    [receiver._bufferedBytes, receiver._fragmented, receiver._opcode].every((value) => value === 0) &&
    typeof receiver._loop === "boolean"
  );
}
