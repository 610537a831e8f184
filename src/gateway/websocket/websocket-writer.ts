/**
 * The one file that knows how to write encoded frames to the socket below a `ws` WebSocket. `ws` has no public way
 * to send one encoded frame to many sockets, and its `send()` builds the frame anew for each and writes header and
 * payload apart. Without compression `ws` writes synchronously to that same socket, so its own frames (pings, pongs,
 * close) and ours never mix. Should a future `ws` hide the socket, the public `send()` is used: slower, still right.
 */
import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { payloadsOf } from "./frames.ts";
import { SocketHandle, type Waiting } from "../socket-handle.ts";

/** Writes to a WebSocket that is open: whoever calls has looked. */
export interface FrameWriter {
  /** Writes frames made by `encodeTextFrames`. */
  write(frames: Buffer): void;
  /** Writes frames made by `shortTextFrames`. */
  writeLatin1(frames: string): void;
  /** Bytes that the other end hasn't taken yet. */
  readonly unsent: number;
}

/**
 * @param waiting told when the other end has read.
 * @param socket the connection below, or null to use `send()` whatever `ws` offers.
 */
export function createFrameWriter(
  webSocket: WebSocket,
  waiting: Waiting,
  socket: Socket | null = socketOf(webSocket),
): FrameWriter {
  if (socket === null) return new PublicWriter(webSocket, waiting);
  return SocketHandle.of(socket, waiting) ?? new SocketWriter(socket, waiting);
}

class SocketWriter implements FrameWriter {
  readonly #socket: Socket;

  constructor(socket: Socket, waiting: Waiting) {
    this.#socket = socket;
    socket.on("drain", () => waiting.drained());
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  write(frames: Buffer): void {
    this.#socket.write(frames);
  }

  writeLatin1(frames: string): void {
    this.#socket.write(frames, "latin1");
  }
}

class PublicWriter implements FrameWriter {
  readonly #webSocket: WebSocket;
  readonly #waiting: Waiting;

  constructor(webSocket: WebSocket, waiting: Waiting) {
    this.#webSocket = webSocket;
    this.#waiting = waiting;
  }

  get unsent(): number {
    return this.#webSocket.bufferedAmount;
  }

  write(frames: Buffer): void {
    const sent = (): void => {
      if (this.unsent === 0) this.#waiting.drained();
    };
    for (const payload of payloadsOf(frames)) this.#webSocket.send(payload, { binary: false }, sent);
  }

  writeLatin1(frames: string): void {
    this.write(Buffer.from(frames, "latin1"));
  }
}

/** The socket below, if this `ws` still keeps it where we look and compression can't have deferred its own frames. */
export function socketOf(webSocket: WebSocket): Socket | null {
  const { _socket: socket } = webSocket as unknown as { _socket?: Socket };
  const plain = webSocket.extensions === "" && typeof socket?.write === "function";
  return plain && socket !== undefined ? socket : null;
}
