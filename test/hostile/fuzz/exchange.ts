/** One connection's bytes there and back, as raw as they come; and an end to it, so that nothing waits for ever. */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

/** What has to be finished within this time, on the busiest machine; longer is a hang. */
export const PATIENCE_MS = 10_000;

export class Wire {
  readonly socket: Socket;
  received: Buffer = Buffer.alloc(0);
  /** The other end said that it is done, or the connection broke. */
  ended = false;
  /** What broke it, if it broke. */
  fault: string | null = null;
  #wake: () => void = () => {};

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    this.socket.on("error", (error) => {
      this.fault = error.message;
      this.#end();
    });
    this.socket.on("data", (chunk: Buffer) => {
      this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
      this.#wake();
    });
    this.socket.on("end", () => this.#end());
    this.socket.on("close", () => this.#end());
  }

  /** Writes the bytes in pieces that end at these places, each as a write of its own. */
  async send(bytes: Buffer, cuts: readonly number[] = []): Promise<void> {
    let from = 0;
    for (const cut of [...cuts, bytes.length]) {
      if (cut <= from && bytes.length > 0) continue;
      if (this.socket.writable) this.socket.write(bytes.subarray(from, cut));
      from = cut;
      if (from < bytes.length) await new Promise(setImmediate);
    }
  }

  /** False if it doesn't come true before the connection ends or patience does. */
  async until(isDone: () => boolean, patienceMs = PATIENCE_MS): Promise<boolean> {
    const deadline = performance.now() + patienceMs;
    while (!isDone()) {
      const left = deadline - performance.now();
      if (this.ended || left <= 0) return isDone();
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
    return true;
  }

  untilEnd(): Promise<boolean> {
    return this.until(() => this.ended);
  }

  close(): void {
    this.socket.destroy();
  }

  #end(): void {
    this.ended = true;
    this.#wake();
  }
}

/** Opens a WebSocket. Null if the server didn't take it. */
export async function openWebSocket(port: number, protocol: string | null): Promise<Wire | null> {
  const wire = new Wire(port);
  const offer = protocol === null ? "" : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
  wire.socket.write(
    `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${offer}` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
  );
  await wire.until(() => wire.received.includes("\r\n\r\n"));
  if (!wire.received.toString("latin1").startsWith("HTTP/1.1 101")) {
    wire.close();
    return null;
  }
  wire.received = wire.received.subarray(wire.received.indexOf("\r\n\r\n") + 4);
  return wire;
}

export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** The frames that a server sent; null if they break the protocol. What is unfinished at the end is left out. */
export function serverFrames(bytes: Buffer): ServerFrame[] | null {
  const frames: ServerFrame[] = [];
  for (let at = 0; bytes.length - at >= 2;) {
    const first = bytes[at]!;
    let length = bytes[at + 1]!;
    let start = at + 2;
    if ((first & 0xf0) !== 0x80 || ![1, 8, 9, 10].includes(first & 15) || length > 126) return null;
    if (length === 126) {
      if (bytes.length - at < 4) break;
      length = bytes.readUInt16BE(at + 2);
      start = at + 4;
    }
    if (start + length > bytes.length) break;
    frames.push({ opcode: first & 15, payload: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return frames;
}
