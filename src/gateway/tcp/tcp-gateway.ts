/**
 * The text dialect over raw TCP, for nc, telnet and the classroom's clients. There is no banner: a client's first
 * read is the answer to its first command. The other side may close its half first; it still gets its answers.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { SaleId } from "../../box-office/sale.ts";
import type { Scheduler } from "../../engine/ports.ts";
import { formatRefusal } from "../../protocol/text.ts";
import { plainAddress } from "../address.ts";
import type { Admission } from "../admission.ts";
import type { Desk } from "../desk.ts";
import { TcpClient } from "./tcp-client.ts";

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
    for (const client of this.#clients) client.sayGoodbye();
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
      unheld,
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

/** Its timers don't keep the process alive: a connection does, for as long as they matter. */
const unheld: Scheduler = {
  soon: (task) => {
    setImmediate(task);
  },
  after: (ms, task) => {
    const timer = setTimeout(task, ms).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** A reset or a vanished peer is ordinary: the close that follows says all there is to say. */
function ignore(): void {}
