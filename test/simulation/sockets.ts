/** The server's end of a link in the shape that the gateway's classes expect: a WebSocket of `ws`, a TCP socket. */
import type { Socket } from "node:net";
import type { SaleId } from "../../src/box-office/sale.ts";
import type { Scheduler } from "../../src/engine/ports.ts";
import type { Desk } from "../../src/gateway/desk.ts";
import { jsonDialect, textDialect } from "../../src/gateway/dialect.ts";
import { webSocketJson, webSocketText } from "../../src/gateway/formats.ts";
import type { Heartbeat } from "../../src/gateway/websocket/heartbeat.ts";
import type { SessionSocket } from "../../src/gateway/websocket/session-socket.ts";
import { Session } from "../../src/gateway/session/session.ts";
import { TcpClient } from "../../src/gateway/tcp/tcp-client.ts";
import { WebSocketConnection } from "../../src/gateway/websocket/websocket-connection.ts";
import type { Link } from "./link.ts";

export interface Entrance {
  readonly desk: Desk;
  readonly sale: string;
  readonly address: string;
  readonly port: number;
  readonly scheduler: Scheduler;
  readonly heartbeat: Heartbeat;
}

/** What `WebSocketGateway` does with a WebSocket that was accepted; pongs come by themselves while the client reads. */
export function openWebSocket(link: Link, entrance: Entrance, dialect: "text" | "json"): Session {
  const { desk, sale, address, port, heartbeat } = entrance;
  const isJson = dialect === "json";
  const webSocket = new SimulatedWebSocket(link) as unknown as SessionSocket;
  const connection = new WebSocketConnection(webSocket, { address, port, transport: "ws" }, desk.flusher);
  webSocket.connection = connection;
  const session = new Session(desk, connection, {
    dialect: isJson ? jsonDialect : textDialect,
    format: isJson ? webSocketJson : webSocketText,
    sale: sale as SaleId,
    pushes: true,
  });
  webSocket.session = session;
  link.server = {
    take: (bytes) => {
      if (webSocket.readyState !== 1) return;
      const text = bytes.toString("utf8");
      if (isJson || !text.includes("\n")) session.receive(text);
      else for (const line of text.replace(/\r?\n$/, "").split("\n")) session.receive(line);
    },
    inputEnded: () => undefined,
    closed: () => {
      heartbeat.remove(webSocket);
      session.closed();
    },
  };
  if (isJson) connection.send(JSON.stringify({ type: "hello", sale, serverTime: desk.clock.now() }));
  heartbeat.add(webSocket);
  return session;
}

export function openTcp(link: Link, entrance: Entrance): TcpClient {
  const { desk, sale, address, port, scheduler } = entrance;
  const socket = new SimulatedSocket(link);
  const peer = { address, port, transport: "tcp" as const };
  const client = new TcpClient(socket as unknown as Socket, peer, desk, sale as SaleId, scheduler);
  link.server = {
    take: (bytes) => socket.emit("data", bytes),
    inputEnded: () => socket.emit("end"),
    closed: () => client.closed(),
  };
  return client;
}

class SimulatedWebSocket {
  readonly extensions = "";
  readonly _socket: {
    write(bytes: Buffer | string, encoding?: BufferEncoding | (() => void)): void;
    readonly writable: boolean;
    readonly writableLength: number;
  };
  readonly #link: Link;
  session: Session | null = null;
  connection: WebSocketConnection | null = null;
  missedPongs = 0;
  slowSince = 0;
  part = 0;

  constructor(link: Link) {
    this.#link = link;
    this._socket = {
      write: (bytes, more) => {
        if (typeof more === "function") link.whenSent(more);
        else link.write(Buffer.from(bytes as string, more));
      },
      get writable() {
        return link.isServerOpen && !link.isEnding;
      },
      get writableLength() {
        return link.backlog;
      },
    };
  }

  get readyState(): number {
    return this.#link.isEnding ? 2 : this.#link.isServerOpen ? 1 : 3;
  }

  close(code: number): void {
    this.#link.end(code);
  }

  terminate(): void {
    this.#link.destroy();
  }

  ping(): void {
    const { isStalled, isBlackHole, parts } = this.#link;
    if (isStalled || isBlackHole) return;
    parts.timeline.after(parts.random.span(0.1, 4), () => {
      if (!this.#link.isStalled && !this.#link.isBlackHole) this.missedPongs = 0;
    });
  }

  pause(): void {
    this.#link.pause();
  }

  resume(): void {
    this.#link.resume();
  }

  stopReading(): void {
    this.#link.pause();
  }
}

class SimulatedSocket {
  readonly #link: Link;
  readonly #listeners = new Map<string, (...given: unknown[]) => void>();

  constructor(link: Link) {
    this.#link = link;
  }

  get writableLength(): number {
    return this.#link.backlog;
  }

  get writable(): boolean {
    return this.#link.isServerOpen && !this.#link.isEnding;
  }

  get readableEnded(): boolean {
    return this.#link.readableEnded;
  }

  on(event: string, listener: (...given: unknown[]) => void): void {
    this.#listeners.set(event, listener);
  }

  removeAllListeners(event: string): void {
    this.#listeners.delete(event);
  }

  emit(event: string, ...given: unknown[]): void {
    this.#listeners.get(event)?.(...given);
  }

  write(bytes: Buffer | string, tell?: () => void): void {
    if (tell === undefined) this.#link.write(Buffer.from(bytes as string));
    else this.#link.whenSent(tell);
  }

  end(): void {
    this.#link.end(0);
  }

  destroy(): void {
    this.#link.closeCode ??= 4001;
    this.#link.destroy();
  }

  pause(): void {
    this.#link.pause();
  }

  resume(): void {
    this.#link.resume();
  }
}
