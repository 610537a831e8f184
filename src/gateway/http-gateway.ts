/**
 * One port for the page, the API, the probes and the WebSockets. node:http carries the few routes.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import helmet from "helmet";
import sirv from "sirv";
import type { SaleId } from "../box-office/sale.ts";
import { HTTP_STATUS, type Refusal } from "../protocol/refusals.ts";
import { plainAddress } from "./address.ts";
import type { Admission } from "./admission.ts";
import type { Desk } from "./desk.ts";
import type { HttpApi } from "./http-api.ts";
import { problemBody, sendProblem } from "./problem.ts";
import { RateLimit } from "./rate-limit.ts";
import type { WebSocketGateway } from "./websocket-gateway.ts";

export interface HttpGatewayOptions {
  readonly desk: Desk;
  readonly admission: Admission;
  readonly api: HttpApi;
  readonly webSockets: WebSocketGateway;
  /** Folder with the page's files. */
  readonly page: string;
  readonly readiness: () => { readonly ok: true } | { readonly ok: false; readonly why: string };
  readonly metrics: () => Promise<{ readonly type: string; readonly body: string }>;
}

export class HttpGateway {
  readonly #options: HttpGatewayOptions;
  readonly #server: Server;
  readonly #refused = new WeakSet<Duplex>();
  readonly #rates = new WeakMap<Duplex, RateLimit>();
  readonly #protect = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        connectSrc: ["'self'", "ws:", "wss:"],
        imgSrc: ["'self'", "data:"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // Both only mean something over HTTPS, which is the business of whoever stands in front of this server.
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
  });
  readonly #page;

  constructor(options: HttpGatewayOptions) {
    const { http } = options.desk.limits;
    this.#options = options;
    this.#page = sirv(options.page, {
      etag: true,
      // Asked for anew each time, and answered with 304: a browser never mixes the modules of two versions.
      setHeaders: (response) => response.setHeader("cache-control", "no-cache"),
    });
    this.#server = createServer(
      {
        maxHeaderSize: http.headerBytes,
        headersTimeout: http.headersMs,
        requestTimeout: http.bodyMs,
        keepAliveTimeout: http.idleMs,
        connectionsCheckingInterval: 1_000,
        noDelay: true,
      },
      (request, response) => void this.#handle(request, response),
    );
    this.#server.on("connection", (socket) => this.#admit(socket));
    this.#server.on("upgrade", (request, socket, head) => {
      options.webSockets.upgrade(request, socket, head, !this.#refused.has(socket));
    });
    this.#server.on("clientError", refuseGarbage);
  }

  get server(): Server {
    return this.#server;
  }

  /** Takes no more connections; requests under way are finished. */
  stop(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  cut(): void {
    this.#server.closeAllConnections();
  }

  #admit(socket: Duplex & { remoteAddress?: string | undefined }): void {
    const { admission, desk } = this.#options;
    const address = plainAddress(socket.remoteAddress);
    if (!admission.enter(address)) {
      desk.counts.refusedConnections += 1;
      this.#refused.add(socket);
      return;
    }
    socket.on("close", () => admission.leave(address));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#protect(request, response, ignore);
      const refusal = this.#refusal(request);
      if (refusal?.reason === "server_full") response.setHeader("connection", "close");
      if (refusal === null) await this.#route(request, response);
      else sendProblem(response, refusal);
    } catch (cause) {
      this.#options.desk.counts.faults += 1;
      this.#options.desk.report("an HTTP request failed", cause);
      if (response.headersSent) response.destroy();
      else sendProblem(response, { reason: "internal" });
    }
    // A body that nobody read would be taken for the next request's.
    if (!request.complete && !request.destroyed) request.resume();
  }

  #refusal(request: IncomingMessage): Refusal | null {
    if (this.#refused.has(request.socket)) return { reason: "server_full" };
    if (request.method !== "POST") return null;
    const wait = this.#rateOf(request.socket).take(this.#options.desk.clock.monotonic());
    return wait === 0 ? null : { reason: "rate_limited", retryAfterMs: Math.ceil(wait) };
  }

  #rateOf(socket: Duplex): RateLimit {
    const known = this.#rates.get(socket);
    if (known !== undefined) return known;
    const { rateLimit, limits, clock } = this.#options.desk;
    const rate = new RateLimit(rateLimit, rateLimit * limits.session.rateBurst, clock.monotonic());
    this.#rates.set(socket, rate);
    return rate;
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    if (path.startsWith("/api/")) return this.#options.api.handle(request, response);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return sendProblem(response, { reason: "method_not_allowed" });
    }
    switch (path) {
      case "/healthz":
        sendText(response, 200, "ok\n");
        return;
      case "/readyz": {
        const ready = this.#options.readiness();
        sendText(response, ready.ok ? 200 : 503, ready.ok ? "ready\n" : `${ready.why}\n`);
        return;
      }
      case "/metrics": {
        const { type, body } = await this.#options.metrics();
        response.writeHead(200, { "content-type": type }).end(body);
        return;
      }
      default:
        this.#servePage(request, response, path);
    }
  }

  /** Each sale has a page of its own; which sale it is, the page reads from its address. */
  #servePage(request: IncomingMessage, response: ServerResponse, path: string): void {
    const sale = /^\/vendas\/([A-Za-z0-9_-]{1,64})\/?$/.exec(path)?.[1];
    if (sale !== undefined) {
      if (this.#options.desk.counter.view(sale as SaleId) === undefined) {
        sendProblem(response, { reason: "unknown_sale" });
        return;
      }
      request.url = "/";
    }
    this.#page(request, response, () =>
      sendProblem(response, { reason: "bad_message", detail: "Endereço desconhecido" }),
    );
  }
}

/** What isn't HTTP gets one clear answer, if it can still be written. */
function refuseGarbage(fault: Error & { code?: string }, socket: Duplex): void {
  if (fault.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, refusal] = describeGarbage(fault.code);
  const body = problemBody(refusal, status);
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: application/problem+json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

function describeGarbage(code: string | undefined): [number, Refusal] {
  if (code === "HPE_HEADER_OVERFLOW") return [431, { reason: "too_long" }];
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return [408, { reason: "bad_body", detail: "O pedido demorou demais" }];
  }
  return [HTTP_STATUS.bad_body, { reason: "bad_body", detail: "O pedido não é HTTP" }];
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" })
    .end(text);
}

function ignore(): void {}
