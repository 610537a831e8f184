/**
 * The one file that knows what is below a socket of node:net: the handle through which it reads and writes. A small
 * message costs much less there than through the socket's two streams, which are most of what Node adds to the system's
 * own work (docs/decisions/0014-below-the-socket.md).
 *
 * - *Reading.* All sockets read into one piece of memory, and what came in is looked at right there. What isn't taken
 *   is copied and goes the socket's usual way, as the end and every error do.
 * - *Writing.* The handle tries to write at once. What the system doesn't take at that moment stays with it, and is
 *   written when there is room, before whatever the socket is given meanwhile. While it waits, and while the socket
 *   itself has something to write, everything goes through the socket: so bytes leave in the order in which they came.
 *
 * Where Node looks different, `of` and `readInto` say so, and the caller uses the socket: slower, still right.
 */
import type { Socket } from "node:net";

interface StreamHandle {
  onread: (this: StreamHandle, bytes?: ArrayBufferLike) => void;
  readStop(): number;
  useUserBuffer(buffer: Uint8Array): void;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  writeLatin1String(request: WriteRequest, text: string): number;
  /** Bytes that wait for the system to take them. */
  readonly writeQueueSize: number;
  /** Whose it is, once it is read here. */
  reader?: Socket;
  taker?: ByteTaker;
  usual?: StreamHandle["onread"];
}

/** What a write needs that the system doesn't finish at once. */
interface WriteRequest {
  oncomplete?: (this: WriteRequest, status: number) => void;
  owner?: SocketHandle;
  /** Kept until they are written; of a text Node keeps what it needs. */
  bytes?: Buffer | undefined;
}

/** Node's half of the bargain: numbers that it leaves in one array instead of passing them. */
interface StreamWrap {
  readonly WriteWrap: new () => WriteRequest;
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kArrayBufferOffset: number;
  readonly kLastWriteWasAsync: number;
}

export interface ByteTaker {
  /**
   * Looks at bytes that came in, which are overwritten by the next ones.
   *
   * @returns how many of them were taken, from the first; the rest goes to the socket's stream.
   */
  takeBytes(bytes: Buffer, length: number): number;
  /** Told before the end of the input, or what is wrong with it, goes to the socket's stream. */
  takeEnd(): void;
}

const INPUT_BYTES = 64 * 1024;

const input = Buffer.allocUnsafeSlow(INPUT_BYTES);
const inside = findInside();
/** For the next write: nearly all are done at once and leave it as it was. */
let spare: WriteRequest | null = inside === null ? null : new inside.WriteWrap();

/** Writes to one socket; nothing happens on one that is destroyed. */
export class SocketHandle {
  readonly #socket: Socket;
  readonly #handle: StreamHandle;
  #unsent = 0;

  private constructor(socket: Socket, handle: StreamHandle) {
    this.#socket = socket;
    this.#handle = handle;
  }

  /** Null where Node doesn't look as expected. */
  static of(socket: Socket): SocketHandle | null {
    const handle = handleOf(socket);
    return inside !== null && looksRight(handle) ? new SocketHandle(socket, handle) : null;
  }

  /** Bytes that the system hasn't taken yet. */
  get unsent(): number {
    return this.#unsent + this.#socket.writableLength;
  }

  whenSent(tell: () => void): void {
    whenSent(this.#socket, tell);
  }

  /** @param bytes shared with others: they aren't changed. */
  write(bytes: Buffer): void {
    if (!this.#isFree() || spare === null) this.#writeBehind(bytes);
    else this.#check(this.#handle.writeBuffer(spare, bytes), bytes);
  }

  /** @param text whose characters are bytes. */
  writeLatin1(text: string): void {
    if (!this.#isFree() || spare === null) this.#writeBehind(text);
    else this.#check(this.#handle.writeLatin1String(spare, text), text);
  }

  #isFree(): boolean {
    return this.#unsent === 0 && this.#socket.writableLength === 0 && handleOf(this.#socket) === this.#handle;
  }

  #writeBehind(bytes: Buffer | string): void {
    // A text that waits would keep the many pieces that it was put together from.
    this.#socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  #check(error: number, bytes: Buffer | string): void {
    if (error !== 0) this.#socket.destroy();
    else if (inside !== null && inside.streamBaseState[inside.kLastWriteWasAsync] !== 0)
      this.#wait(bytes, inside);
  }

  /** The request belongs to what waits, so the next write needs another. */
  #wait(bytes: Buffer | string, { WriteWrap }: StreamWrap): void {
    if (spare === null) return;
    Object.assign(spare, {
      oncomplete: written,
      owner: this,
      bytes: typeof bytes === "string" ? undefined : bytes,
    });
    spare = new WriteWrap();
    this.#unsent = this.#handle.writeQueueSize;
  }

  /** What waited is written, or never will be. */
  finish(status: number): void {
    this.#unsent = 0;
    if (status < 0) this.#socket.destroy();
  }
}

/**
 * Tells once when all that was written to a socket so far has been taken by the system, whoever wrote it; never, if the
 * socket is ended or breaks before that. "drain" tells it only of a socket that held more than its high-water mark.
 */
export function whenSent(socket: Socket, tell: () => void): void {
  if (!socket.writable) return;
  // An empty piece, which waits behind the others.
  socket.write("", (error) => {
    if (error === undefined || error === null) tell();
  });
}

/** @returns false, and nothing is changed, where Node doesn't look as expected. */
export function readInto(socket: Socket, taker: ByteTaker): boolean {
  const handle = handleOf(socket);
  if (inside === null || !looksRight(handle) || handle.usual !== undefined) return false;
  handle.reader = socket;
  handle.taker = taker;
  handle.usual = handle.onread;
  handle.onread = onRead;
  handle.useUserBuffer(input);
  return true;
}

/**
 * Reads nothing more of a socket, for good. A pause would still fill its stream, and whoever closes it would read that. What
 * is sent to it stays in the system's buffers, and then in its sender's.
 */
export function stopReading(socket: Socket): void {
  socket.pause();
  // Asked by whatever resumes the stream.
  socket._read = ignore;
  const handle = handleOf(socket);
  if (typeof handle?.readStop === "function") handle.readStop();
}

export function isToBeReadNoMore(socket: Socket): boolean {
  return socket._read === ignore;
}

function ignore(): void {}

function onRead(this: StreamHandle): void {
  if (inside === null) return;
  const { streamBaseState: state, kReadBytesOrError } = inside;
  const length = state[kReadBytesOrError] ?? 0;
  const taken = length > 0 ? (this.taker?.takeBytes(input, length) ?? 0) : 0;
  // Whoever took some may have destroyed the socket, which then takes the rest for an error without a name.
  if (taken === length || this.reader?.destroyed === true) return;
  if (length < 0) {
    this.taker?.takeEnd();
    this.usual?.();
    return;
  }
  const rest = new Uint8Array(input.subarray(taken, length));
  state[kReadBytesOrError] = rest.length;
  state[inside.kArrayBufferOffset] = 0;
  this.usual?.(rest.buffer);
}

function written(this: WriteRequest, status: number): void {
  this.owner?.finish(status);
}

/** Null once the socket is destroyed. */
function handleOf(socket: Socket): StreamHandle | null {
  const { _handle: handle } = socket as unknown as { _handle?: StreamHandle | null };
  return handle ?? null;
}

function looksRight(handle: StreamHandle | null): handle is StreamHandle {
  if (handle === null || typeof handle.writeQueueSize !== "number") return false;
  const ways = ["onread", "useUserBuffer", "writeBuffer", "writeLatin1String"] as const;
  return ways.every((way) => typeof handle[way] === "function");
}

/** Null where Node doesn't show it (any more), or shows something else. */
function findInside(): StreamWrap | null {
  try {
    const { binding } = process as unknown as { binding?: (name: string) => Partial<StreamWrap> };
    const wrap = binding?.("stream_wrap") ?? {};
    const { WriteWrap, streamBaseState, kReadBytesOrError, kArrayBufferOffset, kLastWriteWasAsync } = wrap;
    const places = [kReadBytesOrError, kArrayBufferOffset, kLastWriteWasAsync];
    const areThere = places.every((at) => at !== undefined && streamBaseState?.[at] !== undefined);
    return areThere && typeof WriteWrap === "function" ? (wrap as StreamWrap) : null;
  } catch {
    return null;
  }
}
