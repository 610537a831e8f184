/** A raw TCP connection, for tests that decide themselves which bytes are sent, and when. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { cleanup } from "./cleanup.ts";
import { Inbox, within } from "./inbox.ts";

export class TextClient {
  readonly socket: Socket;
  /** Lines from the server, without their ends. */
  readonly lines = new Inbox<string>();
  /** All that came, byte for byte. */
  received = Buffer.alloc(0);
  /** The server said that it will send no more; resolved too when the connection broke. */
  readonly ended: Promise<void>;
  #unfinished = "";

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      const parts = (this.#unfinished + chunk.toString("utf8")).split("\n");
      this.#unfinished = parts.pop() ?? "";
      for (const line of parts) this.lines.push(line);
    });
    this.ended = new Promise((resolve) => {
      const end = (): void => {
        this.lines.end();
        resolve();
      };
      socket.once("end", end);
      socket.once("close", end);
    });
  }

  static async connect(port: number, host = "127.0.0.1"): Promise<TextClient> {
    const socket = connect({ port, host, allowHalfOpen: true, noDelay: true });
    cleanup(() => socket.destroy());
    const client = new TextClient(socket);
    await once(socket, "connect");
    return client;
  }

  /** Sends exactly these bytes. */
  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Sends one command. */
  say(line: string): void {
    this.socket.write(`${line}\n`);
  }

  next(): Promise<string> {
    return this.lines.next();
  }

  ask(line: string): Promise<string> {
    this.say(line);
    return this.next();
  }

  /** Says that it will send no more; what the server still has to say is read. */
  finish(): void {
    this.socket.end();
  }

  untilEnd(): Promise<void> {
    return within(this.ended, "the server ends the connection");
  }

  close(): void {
    this.socket.destroy();
  }
}
