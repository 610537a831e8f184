/** Text over raw TCP: one line, one command. */
import type { Socket } from "node:net";
import { LONGEST_LINE, openSocket, type Place, type Wire, type WireEvents } from "./wire.ts";

const NEWLINE = 10;

export class TcpWire implements Wire {
  readonly sendBinary = null;
  readonly #socket: Socket;
  readonly #events: WireEvents;
  #begun: Buffer | null = null;
  #isOver = false;

  constructor(place: Place, events: WireEvents) {
    this.#events = events;
    this.#socket = openSocket(
      place,
      (bytes) => this.#take(bytes),
      (why) => this.#end(why),
    );
    this.#socket.once("connect", () => events.opened());
  }

  send(text: string): void {
    this.#socket.write(`${text}\n`);
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.write(bytes);
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
    this.#socket.end();
  }

  #take(chunk: Buffer): void {
    const bytes = this.#begun === null ? chunk : Buffer.concat([this.#begun, chunk]);
    this.#begun = null;
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      if (!this.#isOver) this.#events.line(bytes.toString("utf8", start, end));
      start = end + 1;
    }
    if (bytes.length - start > LONGEST_LINE) this.#end("uma linha sem fim");
    else if (start < bytes.length) this.#begun = Buffer.from(bytes.subarray(start));
  }

  #end(why: string): void {
    if (this.#isOver) return;
    this.cut("close");
    this.#events.closed(why);
  }
}
