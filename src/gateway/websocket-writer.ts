/**
 * The one file that knows how to write encoded frames to the socket below a `ws` WebSocket. `ws` has no public way
 * to send one encoded frame to many sockets, and its `send()` builds the frame anew for each and writes header and
 * payload apart. Without compression `ws` writes synchronously to that same socket, so its own frames (pings, pongs,
 * close) and ours never mix. Should a future `ws` hide the socket, the public `send()` is used: slower, still right.
 */
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { payloadsOf } from "./frames.ts";
import { SocketHandle } from "./socket-handle.ts";

export interface FrameWriter {
  /** Writes frames made by `encodeTextFrames`; nothing happens on a WebSocket that isn't open. */
  write(frames: Buffer): void;
  /** The same with frames made by `shortTextFrames`. */
  writeShort(frames: string): void;
  /** Bytes that the other end hasn't taken yet. */
  backlog(): number;
}

/** @param socket the connection below, or null to use `send()` whatever `ws` offers. */
export function createFrameWriter(
  webSocket: WebSocket,
  socket: Socket | null = socketOf(webSocket),
): FrameWriter {
  if (socket === null) return new PublicWriter(webSocket);
  const handle = SocketHandle.of(socket);
  return handle === null ? new SocketWriter(webSocket, socket) : new HandleWriter(webSocket, handle);
}

/** An object without closures: there is one for each connection, and most of them are idle. */
class SocketWriter implements FrameWriter {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;

  constructor(webSocket: WebSocket, socket: Socket) {
    this.#webSocket = webSocket;
    this.#socket = socket;
  }

  write(frames: Buffer): void {
    if (this.#webSocket.readyState === WebSocket.OPEN) this.#socket.write(frames);
  }

  writeShort(frames: string): void {
    if (this.#webSocket.readyState === WebSocket.OPEN) this.#socket.write(frames, "latin1");
  }

  backlog(): number {
    return this.#socket.writableLength;
  }
}

class HandleWriter implements FrameWriter {
  readonly #webSocket: WebSocket;
  readonly #handle: SocketHandle;

  constructor(webSocket: WebSocket, handle: SocketHandle) {
    this.#webSocket = webSocket;
    this.#handle = handle;
  }

  write(frames: Buffer): void {
    if (this.#webSocket.readyState === WebSocket.OPEN) this.#handle.write(frames);
  }

  writeShort(frames: string): void {
    if (this.#webSocket.readyState === WebSocket.OPEN) this.#handle.writeLatin1(frames);
  }

  backlog(): number {
    return this.#handle.unsent;
  }
}

class PublicWriter implements FrameWriter {
  readonly #webSocket: WebSocket;

  constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket;
  }

  write(frames: Buffer): void {
    if (this.#webSocket.readyState !== WebSocket.OPEN) return;
    for (const payload of payloadsOf(frames)) this.#webSocket.send(payload, { binary: false });
  }

  writeShort(frames: string): void {
    this.write(Buffer.from(frames, "latin1"));
  }

  backlog(): number {
    return this.#webSocket.bufferedAmount;
  }
}

/** The socket below, if this `ws` still keeps it where we look and compression can't have deferred its own frames. */
export function socketOf(webSocket: WebSocket): Socket | null {
  const { _socket: socket } = webSocket as unknown as { _socket?: Socket };
  const plain = webSocket.extensions === "" && typeof socket?.write === "function";
  return plain && socket !== undefined ? socket : null;
}
