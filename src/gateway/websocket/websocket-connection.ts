import { WebSocket } from "ws";
import type { Peer } from "../../engine/ports.ts";
import { CloseCode } from "../../protocol/close-codes.ts";
import type { Connection, ReplyFlusher } from "../connection.ts";
import { encodeTextFrames, shortTextFrames } from "./frames.ts";
import type { SessionSocket } from "./session-socket.ts";
import { createFrameWriter, type FrameWriter } from "./websocket-writer.ts";

/** Shared by all that have nothing to say; never added to. */
const NONE: string[] = [];

export class WebSocketConnection implements Connection {
  readonly peer: Peer;
  readonly midCommand = false;
  readonly #webSocket: SessionSocket;
  readonly #writer: FrameWriter;
  readonly #flusher: ReplyFlusher;
  #replies: string[] = NONE;
  /** All of them are known to be. */
  #areAscii = true;

  constructor(webSocket: SessionSocket, peer: Peer, flusher: ReplyFlusher) {
    this.#webSocket = webSocket;
    this.peer = peer;
    this.#flusher = flusher;
    this.#writer = createFrameWriter(webSocket);
  }

  get backlog(): number {
    return this.#writer.unsent;
  }

  whenSent(tell: () => void): void {
    if (this.#webSocket.readyState === WebSocket.OPEN) this.#writer.whenSent(tell);
  }

  send(reply: string, isAscii = false): void {
    this.#areAscii &&= isAscii;
    if (this.#replies.length > 0) this.#replies.push(reply);
    else {
      this.#replies = [reply];
      this.#flusher.add(this);
    }
  }

  write(bytes: Buffer): void {
    if (this.#replies.length > 0) this.flush();
    if (this.#webSocket.readyState === WebSocket.OPEN) this.#writer.write(bytes);
  }

  flush(): void {
    if (this.#replies.length === 0) return;
    const short = shortTextFrames(this.#replies, this.#areAscii);
    const frames = short ?? encodeTextFrames(this.#replies);
    this.#replies = NONE;
    this.#areAscii = true;
    if (this.#webSocket.readyState !== WebSocket.OPEN) return;
    if (typeof frames === "string") this.#writer.writeLatin1(frames);
    else this.#writer.write(frames);
  }

  end(code: CloseCode): void {
    this.flush();
    this.#webSocket.close(code);
    // A client that was paused could never answer our close. A flood isn't read any more: it is cut a moment later.
    if (code !== CloseCode.ruleBroken) this.#webSocket.resume();
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  stopReading(): void {
    this.#webSocket.stopReading();
  }
}
