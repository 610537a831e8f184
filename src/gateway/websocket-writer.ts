/**
 * The one file that knows how to write encoded frames to the socket below a `ws` WebSocket. `ws` has no public way
 * to send one encoded frame to many sockets, and its `send()` builds the frame anew for each and writes header and
 * payload apart. Without compression `ws` writes synchronously to that same socket, so its own frames (pings, pongs,
 * close) and ours never mix. Should a future `ws` hide the socket, the public `send()` is used: slower, still right.
 */
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { payloadsOf } from "./frames.ts";

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
  if (socket === null) {
    const write = (frames: Buffer): void => {
      if (webSocket.readyState !== WebSocket.OPEN) return;
      for (const payload of payloadsOf(frames)) webSocket.send(payload, { binary: false });
    };
    return {
      write,
      writeShort: (frames) => write(Buffer.from(frames, "latin1")),
      backlog: () => webSocket.bufferedAmount,
    };
  }
  return {
    write: (frames) => {
      if (webSocket.readyState === WebSocket.OPEN) socket.write(frames);
    },
    writeShort: (frames) => {
      if (webSocket.readyState === WebSocket.OPEN) socket.write(frames, "latin1");
    },
    backlog: () => socket.writableLength,
  };
}

/** The socket below, if this `ws` still keeps it where we look and compression can't have deferred its own frames. */
export function socketOf(webSocket: WebSocket): Socket | null {
  const { _socket: socket } = webSocket as unknown as { _socket?: Socket };
  const plain = webSocket.extensions === "" && typeof socket?.write === "function";
  return plain && socket !== undefined ? socket : null;
}
