/**
 * WebSockets, from the handshake to the last frame. What doesn't fit (an unknown sale, a foreign page, a dialect that
 * doesn't exist) is refused before there is a WebSocket; a server that is full says so after the handshake, because a
 * browser can't see the status of a refused one.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer, type ServerOptions } from "ws";
import type { SaleId } from "../../box-office/sale.ts";
import type { Peer } from "../../engine/ports.ts";
import { CloseCode } from "../../protocol/close-codes.ts";
import { JSON_SUBPROTOCOL } from "../../protocol/messages.ts";
import { formatMessage } from "../../protocol/json.ts";
import type { Refusal } from "../../protocol/refusals.ts";
import type { Desk } from "../desk.ts";
import { jsonDialect, textDialect } from "../dialect.ts";
import { webSocketJson, webSocketText } from "../formats.ts";
import { refuseHandshake } from "./handshake.ts";
import { Heartbeat } from "./heartbeat.ts";
import { isAllowedOrigin } from "./origin.ts";
import { peerOf } from "../peer-of.ts";
import { SessionSocket } from "./session-socket.ts";
import { Session } from "../session/session.ts";
import { WebSocketConnection } from "./websocket-connection.ts";

export interface WebSocketGatewayOptions {
  readonly desk: Desk;
  readonly defaultSale: SaleId;
  /** Origins allowed beside the server's own host. */
  readonly origins: readonly string[];
}

export class WebSocketGateway {
  readonly #options: WebSocketGatewayOptions;
  readonly #server: WebSocketServer;
  readonly #heartbeat: Heartbeat;

  constructor(options: WebSocketGatewayOptions) {
    const { websocket } = options.desk.limits;
    this.#options = options;
    this.#heartbeat = new Heartbeat(options.desk);
    // `closeTimeout` is documented by ws and missing from its types.
    const serverOptions: ServerOptions<typeof SessionSocket> & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      // For which `ws` makes a closure for each connection; see SessionSocket.
      autoPong: false,
      maxPayload: websocket.messageBytes,
      maxFragments: websocket.fragments,
      closeTimeout: websocket.closeTimeoutMs,
      WebSocket: SessionSocket,
      handleProtocols: (offered) => (offered.has(JSON_SUBPROTOCOL) ? JSON_SUBPROTOCOL : false),
    };
    this.#server = new WebSocketServer(serverOptions);
  }

  get connections(): number {
    return this.#heartbeat.size;
  }

  /** Takes over an HTTP upgrade. @param admitted false when the server is full. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, admitted: boolean): void {
    const { desk, defaultSale } = this.#options;
    const sale = saleOf(request.url ?? "/", defaultSale);
    const refusal = this.#refusal(request, sale);
    if (refusal !== null || sale === null) {
      refuseHandshake(desk, request, socket, { refusal: refusal ?? { reason: "unknown_sale" } }, sale ?? "");
      return;
    }
    // Asked while it is still connected: afterwards the socket may not know any more.
    const peer = peerOf(desk.proxies, request, "ws");
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      if (admitted) this.#accept(webSocket as SessionSocket, socket as Socket, sale, peer);
      else webSocket.close(CloseCode.serverFull);
    });
  }

  /** Tells every client what it is owed and to come back later, and stops the heartbeat. */
  stop(): void {
    this.#heartbeat.stop();
    for (const webSocket of this.#heartbeat.members()) webSocket.session?.sayGoodbye();
  }

  /** Cuts whoever hasn't closed by now. */
  cut(): void {
    for (const webSocket of this.#heartbeat.members()) webSocket.terminate();
  }

  #refusal({ headers }: IncomingMessage, sale: SaleId | null): Refusal | null {
    const { desk, origins } = this.#options;
    if (sale === null || desk.counter.view(sale) === undefined) return { reason: "unknown_sale" };
    if (!isAllowedOrigin(headers.origin, headers.host, origins)) return { reason: "forbidden_origin" };
    return offersKnownDialect(headers["sec-websocket-protocol"]) ? null : { reason: "unknown_subprotocol" };
  }

  #accept(webSocket: SessionSocket, socket: Socket, sale: SaleId, peer: Peer): void {
    const { desk } = this.#options;
    socket.setNoDelay(true);
    const isJson = webSocket.protocol === JSON_SUBPROTOCOL;
    const connection = new WebSocketConnection(webSocket, peer, desk.flusher);
    webSocket.connection = connection;
    webSocket.session = new Session(desk, connection, {
      dialect: isJson ? jsonDialect : textDialect,
      format: isJson ? webSocketJson : webSocketText,
      sale,
      pushes: true,
    });
    if (isJson) connection.send(this.#hello(sale));
    this.#heartbeat.add(webSocket);
    webSocket.members = this.#heartbeat;
  }

  #hello(sale: SaleId): string {
    const { desk } = this.#options;
    return formatMessage({
      type: "hello",
      server: desk.server,
      protocol: JSON_SUBPROTOCOL,
      serverTime: desk.clock.now(),
      sale,
      title: desk.counter.view(sale)?.title ?? sale,
      maxQuantity: desk.limits.rules.maxQuantity,
      journal: desk.journalId,
      ...(desk.unsafe ? { unsafe: true } : {}),
    });
  }
}

function saleOf(url: string, defaultSale: SaleId): SaleId | null {
  const path = url.split("?", 1)[0] ?? "/";
  if (path === "/" || path === "/ws") return defaultSale;
  const match = /^\/vendas\/([^/]+)\/?$/.exec(path);
  return match === null ? null : (match[1] as SaleId);
}

function offersKnownDialect(header: string | undefined): boolean {
  if (header === undefined) return true;
  return header.split(",").some((name) => name.trim() === JSON_SUBPROTOCOL);
}
