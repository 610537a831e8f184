/**
 * The text dialect over raw TCP, for nc, telnet and the classroom's clients. There is no banner: a client's first
 * read is the answer to its first command. The other side may close its half first; it still gets its answers.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { SaleId } from "../box-office/sale.ts";
import type { Peer } from "../engine/ports.ts";
import { CloseCode } from "../protocol/close-codes.ts";
import { formatRefusal } from "../protocol/text.ts";
import { plainAddress } from "./address.ts";
import type { Admission } from "./admission.ts";
import type { Connection } from "./connection.ts";
import type { Desk } from "./desk.ts";
import { textDialect } from "./dialect.ts";
import { tcpText } from "./formats.ts";
import { LineReader, type LineEvent } from "./line-reader.ts";
import { Session } from "./session.ts";

/** Silence after which the system asks whether the other end is still there. */
const KEEP_ALIVE_MS = 60_000;

export interface TcpGatewayOptions {
  readonly desk: Desk;
  readonly admission: Admission;
  readonly sale: SaleId;
}

export class TcpGateway {
  readonly #options: TcpGatewayOptions;
  readonly #server: Server;
  readonly #clients = new Set<TcpClient>();
  readonly #sweep: NodeJS.Timeout;
  /** Refused sockets that are still open. */
  #turnedAway = 0;

  constructor(options: TcpGatewayOptions) {
    this.#options = options;
    this.#server = createServer(
      { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS },
      (socket) => this.#accept(socket),
    );
    this.#sweep = setInterval(() => this.#endSlow(), 1_000);
    this.#sweep.unref();
  }

  get server(): Server {
    return this.#server;
  }

  get connections(): number {
    return this.#clients.size;
  }

  stopAccepting(): void {
    this.#server.close();
  }

  /** Takes no more connections and lets the ones that are there go after their last answer. */
  stop(): void {
    clearInterval(this.#sweep);
    if (this.#server.listening) this.#server.close();
    for (const client of this.#clients) client.end(CloseCode.goingAway);
  }

  cut(): void {
    for (const client of this.#clients) client.cut();
  }

  #accept(socket: Socket): void {
    const { desk, admission } = this.#options;
    socket.on("error", ignore);
    // Gone before it was accepted: whatever it sent must not buy, since nobody would know for whom.
    if (socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const address = plainAddress(socket.remoteAddress);
    if (!admission.enter(address)) {
      desk.counts.refusedConnections += 1;
      this.#turnAway(socket);
      return;
    }
    this.#welcome(socket, address);
  }

  /** Whoever is turned away hears why, unless there are too many of them to keep descriptors for. */
  #turnAway(socket: Socket): void {
    const { limits } = this.#options.desk;
    if (this.#turnedAway >= limits.connections.turnedAway) {
      socket.destroy();
      return;
    }
    this.#turnedAway += 1;
    socket.end(`${formatRefusal({ reason: "server_full" })}\n`);
    socket.resume();
    // One that doesn't leave would keep a descriptor that the files may need.
    const cut = setTimeout(() => socket.destroy(), limits.websocket.closeTimeoutMs).unref();
    socket.on("close", () => {
      this.#turnedAway -= 1;
      clearTimeout(cut);
    });
  }

  #welcome(socket: Socket, address: string): void {
    const { desk, admission, sale } = this.#options;
    const client = new TcpClient(
      socket,
      { address, port: socket.remotePort ?? 0, transport: "tcp" },
      desk,
      sale,
    );
    this.#clients.add(client);
    socket.on("close", () => {
      admission.leave(address);
      this.#clients.delete(client);
      client.closed();
    });
  }

  #endSlow(): void {
    const now = this.#options.desk.clock.monotonic();
    for (const client of this.#clients) client.endIfSlow(now);
  }
}

class TcpClient implements Connection {
  readonly peer: Peer;
  readonly #socket: Socket;
  readonly #desk: Desk;
  readonly #reader: LineReader;
  readonly #session: Session;
  #replies: string[] = [];
  #silence: NodeJS.Timeout | null = null;
  #slowSince = 0;

  constructor(socket: Socket, peer: Peer, desk: Desk, sale: SaleId) {
    this.peer = peer;
    this.#socket = socket;
    this.#desk = desk;
    this.#reader = new LineReader(desk.limits.session.lineBytes);
    this.#session = new Session(desk, this, { dialect: textDialect, format: tcpText, sale, pushes: false });
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("drain", () => this.#session.drained());
    socket.on("end", () => {
      this.#stopListening();
      this.#handle(this.#reader.end());
      this.#session.inputEnded();
    });
  }

  get backlog(): number {
    return this.#socket.writableLength;
  }

  get midCommand(): boolean {
    return this.#reader.pending !== "nothing";
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
    this.flush();
    this.#stopListening();
    if (code === CloseCode.slowReader) {
      this.cut();
      return;
    }
    this.#socket.end();
    // Whatever it still sends is read and dropped, so that the close isn't a reset that eats our last answer.
    this.#socket.removeAllListeners("data");
    this.#socket.resume();
    if (!this.#socket.readableEnded) {
      setTimeout(() => this.cut(), this.#desk.limits.websocket.closeTimeoutMs).unref();
    }
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

  closed(): void {
    this.#stopListening();
    this.#session.closed();
  }

  endIfSlow(now: number): void {
    const { softBytes, slowMs } = this.#desk.limits.output;
    if (this.backlog <= softBytes) this.#slowSince = 0;
    else if (this.#slowSince === 0) this.#slowSince = now;
    else if (now - this.#slowSince > slowMs) this.#session.tooSlow();
  }

  #read(chunk: Buffer): void {
    this.#handle(this.#reader.push(chunk));
    this.#listenForSilence();
    // A line end that was swallowed gets no reply, behind which a push that waited would have left.
    this.#session.drained();
  }

  #handle(events: readonly LineEvent[]): void {
    for (const event of events) {
      if (event.type === "line") this.#session.receive(event.text);
      else this.#session.refuse({ reason: event.type === "too_long" ? "too_long" : "bad_message" });
    }
  }

  #listenForSilence(): void {
    this.#stopListening();
    const { pending } = this.#reader;
    if (pending === "nothing") return;
    const { bareCommandMs, unterminatedMs } = this.#desk.limits.tcp;
    this.#silence = setTimeout(
      () => {
        this.#silence = null;
        this.#handle(this.#reader.silence());
      },
      pending === "command" ? bareCommandMs : unterminatedMs,
    );
  }

  #stopListening(): void {
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#silence = null;
  }
}

/** A reset or a vanished peer is ordinary: the close that follows says all there is to say. */
function ignore(): void {}
