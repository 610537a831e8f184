/**
 * The one file that knows how to write encoded frames to the socket below a `ws` WebSocket. `ws` has no public way
 * to send one encoded frame to many sockets, and its `send()` builds the frame anew for each and writes header and
 * payload apart. Without compression `ws` writes synchronously to that same socket, so its own frames (pings, pongs,
 * close) and ours never mix. Should a future `ws` hide the socket, the public `send()` is used: slower, still right.
 */
import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { payloadsOf } from "./frames.ts";
import { SocketHandle, whenSent } from "../socket-handle.ts";

/** Writes to a WebSocket that is open: whoever calls has looked. */
export interface FrameWriter {
  /** Writes frames made by `encodeTextFrames`. */
  write(frames: Buffer): void;
  /** Writes frames made by `shortTextFrames`. */
  writeLatin1(frames: string): void;
  /** Bytes that the other end hasn't taken yet. */
  readonly unsent: number;
  /** Tells once when all that was written has been taken; never, if the connection ends before that. */
  whenSent(tell: () => void): void;
}

/**
 * @param socket the connection below, or null to use `send()` whatever `ws` offers.
 */
export function createFrameWriter(
  webSocket: WebSocket,
  socket: Socket | null = socketOf(webSocket),
): FrameWriter {
  if (socket === null) return new PublicWriter(webSocket);
  return SocketHandle.of(socket) ?? new SocketWriter(socket);
}

class SocketWriter implements FrameWriter {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  whenSent(tell: () => void): void {
    whenSent(this.#socket, tell);
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

  constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket;
  }

  get unsent(): number {
    return this.#webSocket.bufferedAmount;
  }

  /** Behind all that waits goes a pong that nobody asked for: nobody answers it (RFC 6455, 5.5.3). */
  whenSent(tell: () => void): void {
    this.#webSocket.pong("", false, (error?: Error | null) => {
      if (error === undefined || error === null) tell();
    });
  }

  write(frames: Buffer): void {
    for (const payload of payloadsOf(frames)) this.#webSocket.send(payload, { binary: false });
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
