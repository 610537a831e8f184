/**
 * A shortcut for the frames that nearly all clients send: whole, masked text frames of at most 125 bytes of ASCII
 * (RFC 6455, section 5.2). They are read right where they arrived; everything else, from the first frame that isn't
 * one of these, goes to the receiver of `ws`, which knows the whole protocol and every way to break it. The shortcut
 * is only taken while that receiver is between two messages and nothing on the way to it is buffered.
 *
 * A command then costs a fifth of what it does through the socket's and the receiver's streams and events
 * (docs/performance.md).
 */
import { Writable } from "node:stream";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { readInto, type ByteTaker } from "./socket-handle.ts";
import { socketOf } from "./websocket-writer.ts";

/** Told each text; false when the connection takes no more, and the rest then goes the long way. */
export type Take = (webSocket: WebSocket, text: string) => boolean;

/** What of the receiver of `ws` is looked at. */
interface Receiver extends Writable {
  readonly _state: number;
  readonly _bufferedBytes: number;
  readonly _fragmented: number;
  readonly _opcode: number;
  readonly _loop: boolean;
}

const BETWEEN_FRAMES = 0;
const CLOSE = 8;
const TEXT_FINAL = 0x81;
const MASKED = 0x80;
const LONGEST = 125;

/** @returns false, and nothing is changed, when this `ws` doesn't look as expected: slower, still right. */
export function installShortcut(webSocket: WebSocket, take: Take): boolean {
  const { _receiver: receiver } = webSocket as unknown as { _receiver?: Receiver };
  const socket = socketOf(webSocket);
  if (receiver === undefined || socket === null || !looksRight(receiver)) return false;
  return readInto(socket, new ShortFrames(webSocket, socket, receiver, take));
}

/** The short frames of one connection. */
class ShortFrames implements ByteTaker {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #receiver: Receiver;
  readonly #take: Take;

  constructor(webSocket: WebSocket, socket: Socket, receiver: Receiver, take: Take) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#receiver = receiver;
    this.#take = take;
  }

  takeBytes(bytes: Buffer, length: number): number {
    if (!this.#isBetweenMessages()) return 0;
    let at = 0;
    while (at + 6 <= length && bytes[at] === TEXT_FINAL) {
      const size = (bytes[at + 1] ?? 0) - MASKED;
      const end = at + 6 + size;
      if (size < 0 || size > LONGEST || end > length) return at;
      const text = unmaskAscii(bytes, at + 2, size);
      if (text === null) return at;
      at = end;
      if (!this.#take(this.#webSocket, text)) return at;
    }
    return at;
  }

  /** Nothing of it is under way or waits anywhere between the system and the receiver. */
  #isBetweenMessages(): boolean {
    const { _state, _bufferedBytes, _fragmented, _loop, _opcode, writableLength } = this.#receiver;
    const isAtRest = _state === BETWEEN_FRAMES && _bufferedBytes === 0 && _fragmented === 0;
    const isFree = !_loop && _opcode !== CLOSE && writableLength === 0;
    const { readableFlowing, readableLength } = this.#socket;
    const isOpen = this.#webSocket.readyState === WebSocket.OPEN;
    return isAtRest && isFree && isOpen && readableFlowing === true && readableLength === 0;
  }
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
