import type { WebSocket } from "ws";
import type { Peer } from "../engine/ports.ts";
import { CloseCode } from "../protocol/close-codes.ts";
import type { Connection, ReplyFlusher } from "./connection.ts";
import { encodeTextFrames, shortTextFrames } from "./frames.ts";
import { createFrameWriter, type FrameWriter } from "./websocket-writer.ts";

export class WebSocketConnection implements Connection {
  readonly peer: Peer;
  readonly midCommand = false;
  readonly #webSocket: WebSocket;
  readonly #writer: FrameWriter;
  readonly #flusher: ReplyFlusher;
  #replies: string[] = [];
  /** All of them are known to be. */
  #areAscii = true;

  constructor(webSocket: WebSocket, peer: Peer, flusher: ReplyFlusher) {
    this.#webSocket = webSocket;
    this.peer = peer;
    this.#flusher = flusher;
    this.#writer = createFrameWriter(webSocket);
  }

  get backlog(): number {
    return this.#writer.backlog();
  }

  send(reply: string, isAscii = false): void {
    this.#areAscii &&= isAscii;
    if (this.#replies.push(reply) === 1) this.#flusher.add(this);
  }

  write(bytes: Buffer): void {
    this.flush();
    this.#writer.write(bytes);
  }

  flush(): void {
    if (this.#replies.length === 0) return;
    const replies = this.#replies;
    this.#replies = [];
    const short = shortTextFrames(replies, this.#areAscii);
    this.#areAscii = true;
    if (short === null) this.#writer.write(encodeTextFrames(replies));
    else this.#writer.writeShort(short);
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
}
