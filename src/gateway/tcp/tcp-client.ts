/** One raw TCP connection: bytes become lines, lines go to a session, and what it says becomes lines again. */
import type { Socket } from "node:net";
import type { SaleId } from "../../box-office/sale.ts";
import type { Cancel, Peer, Scheduler } from "../../engine/ports.ts";
import { CloseCode } from "../../protocol/close-codes.ts";
import type { Connection } from "../connection.ts";
import type { Desk } from "../desk.ts";
import { textDialect } from "../dialect.ts";
import { tcpText } from "../formats.ts";
import { LineReader, type LineEvent } from "./line-reader.ts";
import { Session } from "../session/session.ts";
import { stopReading, whenSent } from "../socket-handle.ts";

export class TcpClient implements Connection {
  readonly peer: Peer;
  readonly #socket: Socket;
  readonly #desk: Desk;
  readonly #reader: LineReader;
  readonly #session: Session;
  #replies: string[] = [];
  readonly #scheduler: Scheduler;
  #silence: Cancel | null = null;
  #slowSince = 0;
  #isEnding = false;

  constructor(socket: Socket, peer: Peer, desk: Desk, sale: SaleId, scheduler: Scheduler) {
    this.peer = peer;
    this.#socket = socket;
    this.#desk = desk;
    this.#scheduler = scheduler;
    this.#reader = new LineReader(desk.limits.session.lineBytes);
    this.#session = new Session(desk, this, { dialect: textDialect, format: tcpText, sale, pushes: false });
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("end", () => {
      this.#stopListening();
      this.#handle(this.#reader.end());
      this.#session.inputEnded();
    });
  }

  get backlog(): number {
    return this.#socket.writableLength;
  }

  whenSent(tell: () => void): void {
    whenSent(this.#socket, tell);
  }

  get midCommand(): boolean {
    const { pending } = this.#reader;
    return pending === "command" || pending === "fragment";
  }

  send(reply: string): void {
    if (this.#replies.push(reply) === 1) this.#desk.flusher.add(this);
  }

  write(bytes: Buffer): void {
    this.flush();
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  flush(): void {
    if (this.#replies.length === 0) return;
    const lines = `${this.#replies.join("\n")}\n`;
    this.#replies = [];
    if (this.#socket.writable) this.#socket.write(lines);
  }

  /** TCP has no close codes; a reader that is too slow would never read a goodbye either. */
  end(code: CloseCode): void {
    this.#isEnding = true;
    this.flush();
    this.#stopListening();
    if (code === CloseCode.slowReader) {
      this.cut();
      return;
    }
    this.#socket.end();
    // Whatever it still sends is read and dropped, so that the close isn't a reset that eats our last answer.
    this.#socket.removeAllListeners("data");
    // A flood would go on until it is cut; reading it costs the others more than its last answer is worth.
    if (code !== CloseCode.ruleBroken) this.#socket.resume();
    if (!this.#socket.readableEnded) {
      this.#scheduler.after(this.#desk.limits.websocket.closeTimeoutMs, () => this.cut());
    }
  }

  sayGoodbye(): void {
    this.#session.sayGoodbye();
  }

  cut(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  stopReading(): void {
    stopReading(this.#socket);
  }

  closed(): void {
    this.#stopListening();
    this.#session.closed();
  }

  endIfSlow(now: number): void {
    const { softBytes, slowMs } = this.#desk.limits.output;
    if (this.backlog <= (this.#isEnding ? 0 : softBytes)) this.#slowSince = 0;
    else if (this.#slowSince === 0) this.#slowSince = now;
    else if (now - this.#slowSince <= slowMs) return;
    // Whoever said that it sends no more and then doesn't read would be waited for for ever.
    else if (this.#isEnding) this.cut();
    else this.#session.tooSlow();
  }

  #read(chunk: Buffer): void {
    this.#handle(this.#reader.push(chunk));
    this.#listenForSilence();
    // A line end that was swallowed gets no reply, behind which a push that waited would have left.
    this.#session.catchUp();
  }

  #handle(events: readonly LineEvent[]): void {
    for (const event of events) {
      if (typeof event === "string") this.#session.receive(event);
      else this.#session.refuse({ reason: event.type === "too_long" ? "too_long" : "bad_message" });
    }
  }

  #listenForSilence(): void {
    this.#stopListening();
    const { pending } = this.#reader;
    if (pending === "nothing") return;
    const { bareCommandMs, unterminatedMs } = this.#desk.limits.tcp;
    const ms = pending === "command" ? bareCommandMs : unterminatedMs;
    const silence = this.#scheduler.after(ms, () => {
      // Where something kept the loop busy, the timer is due before what came meanwhile is read.
      this.#scheduler.soon(() => {
        if (this.#silence === silence) this.#takeSilence();
      });
    });
    this.#silence = silence;
  }

  #takeSilence(): void {
    this.#silence = null;
    this.#handle(this.#reader.silence());
    // Not every answer is one behind which a push that waited leaves: the refusal of a full queue isn't.
    this.#session.catchUp();
  }

  #stopListening(): void {
    this.#silence?.cancel();
    this.#silence = null;
  }
}
