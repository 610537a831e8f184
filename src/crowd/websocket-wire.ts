/** Text over WebSocket: one message, one command. By hand, so that thousands are cheap and frames can be broken. */
import { createHash, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { CloseCode } from "../protocol/close-codes.ts";
import { maskedFrame, Opcode, readFrames, type Frame } from "./frames.ts";
import { LONGEST_LINE, openSocket, type Place, type Wire, type WireEvents } from "./wire.ts";

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const EMPTY = Buffer.alloc(0);

export class WebSocketWire implements Wire {
  readonly #socket: Socket;
  readonly #events: WireEvents;
  /** Until the handshake is over. */
  #key: string | null = randomBytes(16).toString("base64");
  #begun: Buffer = EMPTY;
  #isOver = false;

  constructor(place: Place, events: WireEvents) {
    this.#events = events;
    this.#socket = openSocket(
      place,
      (bytes) => this.#take(bytes),
      (why) => this.#end(why),
    );
    this.#socket.once(place.secure ? "secureConnect" : "connect", () => {
      this.#socket.write(upgradeRequest(place, this.#key ?? ""));
    });
  }

  send(text: string): void {
    this.#socket.write(maskedFrame(Opcode.text, Buffer.from(text)));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  sendBinary(bytes: Uint8Array): void {
    this.#socket.write(maskedFrame(Opcode.binary, bytes));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  cut(abruptly: "close" | "reset"): void {
    this.#isOver = true;
    if (abruptly === "reset") this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  leave(): void {
    this.#isOver = true;
    const code = Buffer.alloc(2);
    code.writeUInt16BE(CloseCode.goodbye);
    this.#socket.end(maskedFrame(Opcode.close, code));
  }

  #take(chunk: Buffer): void {
    const bytes = this.#begun.length === 0 ? chunk : Buffer.concat([this.#begun, chunk]);
    this.#begun = EMPTY;
    const rest = this.#key === null ? bytes : this.#takeHandshake(bytes, this.#key);
    if (rest === null) return;
    const left = readFrames(rest, (frame) => this.#takeFrame(frame));
    if (typeof left === "string") this.#end(left);
    else if (left.length > 0) this.#begun = Buffer.from(left);
  }

  /** @returns what comes after it, or null while it isn't over. */
  #takeHandshake(bytes: Buffer, key: string): Buffer | null {
    const end = bytes.indexOf("\r\n\r\n");
    if (end === -1) {
      if (bytes.length > LONGEST_LINE) this.#end("uma resposta sem fim ao handshake");
      else this.#begun = Buffer.from(bytes);
      return null;
    }
    const response = bytes.toString("latin1", 0, end);
    if (!isAccepted(response, key)) {
      this.#end(`handshake recusado: ${response.split("\r\n", 1)[0]}`);
      return null;
    }
    this.#key = null;
    this.#events.opened();
    return bytes.subarray(end + 4);
  }

  #takeFrame({ opcode, payload }: Frame): void {
    if (this.#isOver) return;
    switch (opcode) {
      case Opcode.text:
        this.#events.line(payload.toString("utf8"));
        return;
      case Opcode.ping:
        this.#socket.write(maskedFrame(Opcode.pong, payload));
        return;
      case Opcode.close:
        this.#socket.write(maskedFrame(Opcode.close, payload.subarray(0, 2)));
        this.#end(`fechada pelo servidor com ${payload.length < 2 ? "nada" : payload.readUInt16BE(0)}`);
        return;
      case Opcode.pong:
        return;
      default:
        this.#end("uma mensagem que não é texto");
    }
  }

  #end(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.destroySoon();
    this.#events.closed(why);
  }
}

function upgradeRequest({ host, port, path }: Place, key: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: ${host.includes(":") ? `[${host}]` : host}:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${key}`,
    "\r\n",
  ].join("\r\n");
}

/** RFC 6455, section 4.1: the server shows that it read the key. */
function isAccepted(response: string, key: string): boolean {
  const [status = "", ...headers] = response.split("\r\n");
  const given = headers.find((header) => /^sec-websocket-accept:/i.test(header));
  const expected = createHash("sha1")
    .update(key + MAGIC)
    .digest("base64");
  return status.startsWith("HTTP/1.1 101 ") && given?.slice(given.indexOf(":") + 1).trim() === expected;
}
