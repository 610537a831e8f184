/** A WebSocket without manners: it sends the frames that it is told to, and never answers a ping or a close. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { cleanup } from "./cleanup.ts";
import { Inbox, within } from "./inbox.ts";
import { encodeFrame, OPCODE, type FrameShape } from "./raw-websocket-frame.ts";

export interface RawFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

export class RawWebSocket {
  readonly socket: Socket;
  readonly frames = new Inbox<RawFrame>();
  /** The code of the server's close frame; undefined when the connection ended without one. */
  readonly closeCode: Promise<number | undefined>;
  #unread = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closeCode = new Promise((resolve) => {
      socket.on("data", (chunk: Buffer) => {
        this.#unread = Buffer.concat([this.#unread, chunk]);
        for (let frame = this.#takeFrame(); frame !== null; frame = this.#takeFrame()) {
          this.frames.push(frame);
          if (frame.opcode !== OPCODE.close) continue;
          resolve(frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : undefined);
        }
      });
      socket.on("close", () => {
        this.frames.end();
        resolve(undefined);
      });
    });
  }

  static async connect(port: number, path = "/"): Promise<RawWebSocket> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    cleanup(() => socket.destroy());
    socket.on("error", () => {});
    await once(socket, "connect");
    const key = randomBytes(16).toString("base64");
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    let head = Buffer.alloc(0);
    while (!head.includes("\r\n\r\n")) {
      const [chunk] = (await within(once(socket, "data"), "the handshake is answered")) as [Buffer];
      head = Buffer.concat([head, chunk]);
    }
    if (!head.toString().startsWith("HTTP/1.1 101")) throw new Error(head.toString());
    const rest = head.subarray(head.indexOf("\r\n\r\n") + 4);
    const client = new RawWebSocket(socket);
    if (rest.length > 0) socket.emit("data", rest);
    return client;
  }

  send(opcode: number, payload: string | Uint8Array, shape: FrameShape = {}): void {
    this.socket.write(encodeFrame(opcode, Buffer.from(payload as Uint8Array), shape));
  }

  untilCloseCode(): Promise<number | undefined> {
    return within(this.closeCode, "the server closes the WebSocket");
  }

  #takeFrame(): RawFrame | null {
    const bytes = this.#unread;
    if (bytes.length < 2) return null;
    let size = bytes[1]! & 0x7f;
    let start = 2;
    if (size === 126) {
      if (bytes.length < 4) return null;
      size = bytes.readUInt16BE(2);
      start = 4;
    } else if (size === 127) {
      if (bytes.length < 10) return null;
      size = Number(bytes.readBigUInt64BE(2));
      start = 10;
    }
    if (bytes.length < start + size) return null;
    this.#unread = bytes.subarray(start + size);
    return { opcode: bytes[0]! & 0x0f, payload: Buffer.from(bytes.subarray(start, start + size)) };
  }
}
