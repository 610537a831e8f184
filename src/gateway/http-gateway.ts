/**
 * One port for the page, the API, the probes and the WebSockets. node:http carries the few routes.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import helmet from "helmet";
import type { SaleId } from "../box-office/sale.ts";
import type { Refusal } from "../protocol/refusals.ts";
import { plainAddress } from "./address.ts";
import type { Admission } from "./admission.ts";
import { ClientRates } from "./client-rates.ts";
import type { Desk } from "./desk.ts";
import { describeRefusal } from "./describe.ts";
import { handshakeFault, refuseHandshake } from "./handshake.ts";
import type { HttpApi } from "./http-api.ts";
import { keepHold, stopParsing } from "./http-parser.ts";
import { lingerWhenDone, sayAndClose } from "./last-words.ts";
import { refuseGarbage, refuseMisshapen } from "./misshapen.ts";
import { PageFiles, sendUnknownSale } from "./page-files.ts";
import { peerOf } from "./peer-of.ts";
import { refuseUpgrade, sendProblem } from "./problem.ts";
import { RateLimit } from "./rate-limit.ts";
import type { WebSocketGateway } from "./websocket-gateway.ts";

type Readiness = { readonly ok: true } | { readonly ok: false; readonly why: string };

export interface HttpGatewayOptions {
  readonly desk: Desk;
  readonly admission: Admission;
  readonly api: HttpApi;
  readonly webSockets: WebSocketGateway;
  /** Folder with the page's files. */
  readonly page: string;
  readonly readiness: () => Readiness | Promise<Readiness>;
  readonly metrics: () => Promise<{ readonly type: string; readonly body: string }>;
}

/** What is known of one socket between its requests. */
interface Caller {
  readonly rates: ClientRates;
  /** Requests that haven't been answered: more than one when the client doesn't wait for its answers. */
  unanswered: number;
  /** It was told to go; what it still sends is not looked at. */
  isLeaving: boolean;
  /** What is to happen once nothing is unanswered. */
  whenAnswered?: () => void;
  /** Requests that came after it was told to go: they hold memory until the socket is gone. */
  ignored: number;
}

export class HttpGateway {
  readonly #options: HttpGatewayOptions;
  readonly #server: Server;
  readonly #refused = new WeakSet<Duplex>();
  /** Let in or turned away already: an offer of HTTP/2 that is passed over makes a connection come by twice. */
  readonly #seen = new WeakSet<Duplex>();
  readonly #callers = new WeakMap<Duplex, Caller>();
  readonly #page: PageFiles;
  /** Refused sockets that are still open. */
  #turnedAway = 0;
  #scrape: {
    readonly at: number;
    readonly text: Promise<{ readonly type: string; readonly body: string }>;
  } | null = null;
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

  constructor(options: HttpGatewayOptions) {
    const { http, lastWords } = options.desk.limits;
    this.#options = options;
    this.#page = new PageFiles(options.page, http.pageBytes);
    this.#server = createServer(
      {
        maxHeaderSize: http.headerBytes,
        headersTimeout: http.headersMs,
        requestTimeout: http.bodyMs,
        keepAliveTimeout: http.idleMs,
        connectionsCheckingInterval: 1_000,
        noDelay: true,
        // Looked for in refuseMisshapen, which says in words that it is missing.
        requireHostHeader: false,
      },
      (request, response) => void this.#handle(request, response),
    );
    // Whoever says that it sends no more still hears what it asked for; the types of Node miss it.
    Object.assign(this.#server, { httpAllowHalfOpen: true });
    this.#server.on("connection", (socket) => this.#admit(socket));
    // Told to each socket with its first request: one that becomes a WebSocket never needs a timer.
    this.#server.on("timeout", (socket: Socket) => this.#silent(socket));
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on("connect", (_request, socket) => {
      const allow = ["Allow: GET, HEAD, POST"];
      refuseUpgrade(socket, { reason: "method_not_allowed" }, lastWords, undefined, allow);
    });
    this.#server.on("checkContinue", (request, response) => {
      // Behind answers that haven't left, node:http would write it between this answer's head and its body.
      if (response.socket !== null) response.writeContinue();
      void this.#handle(request, response);
    });
    this.#server.on("checkExpectation", (request, response) => void this.#handle(request, response));
    this.#server.on("clientError", (fault, socket) => refuseGarbage(fault, socket, lastWords));
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

  #admit(socket: Socket): void {
    if (this.#seen.has(socket)) return;
    this.#seen.add(socket);
    const { admission, desk } = this.#options;
    // Gone before it was accepted: whatever it sent must not buy, since nobody would know for whom.
    if (socket.remoteAddress === undefined) {
      this.#refused.add(socket);
      socket.destroy();
      return;
    }
    const address = plainAddress(socket.remoteAddress);
    if (admission.enter(address)) {
      socket.on("close", () => admission.leave(address));
      return;
    }
    desk.counts.refusedConnections += 1;
    this.#refused.add(socket);
    if (this.#turnedAway >= desk.limits.connections.turnedAway) {
      socket.destroy();
      return;
    }
    this.#turnedAway += 1;
    socket.on("close", () => {
      this.#turnedAway -= 1;
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    try {
      if ((this.#callers.get(socket)?.unanswered ?? 0) > 0) {
        this.#endWhenAnswered(socket);
        return;
      }
      if (request.headers.upgrade?.toLowerCase() !== "websocket") {
        this.#answerAsHttp(request, socket, head);
        return;
      }
      const fault = handshakeFault(request);
      if (fault !== null) refuseHandshake(this.#options.desk, request, socket, fault);
      else this.#options.webSockets.upgrade(request, socket, head, this.#isAdmitted(request, socket));
      // It is no HTTP connection any more and doesn't come by again.
      this.#seen.delete(socket);
      this.#callers.delete(socket);
    } catch (cause) {
      this.#options.desk.counts.faults += 1;
      this.#options.desk.report("a handshake failed", cause);
      socket.destroy();
    }
  }

  #isAdmitted(request: IncomingMessage, socket: Duplex): boolean {
    return !this.#refused.has(socket) && this.#enterForwarded(request, socket);
  }

  /** Where a trusted proxy speaks for its clients, each of them has the limit that others have for their sockets. */
  #enterForwarded(request: IncomingMessage, until: Duplex | ServerResponse): boolean {
    const { admission, desk } = this.#options;
    if (!desk.proxies.trusts(plainAddress(request.socket.remoteAddress))) return true;
    const { address } = peerOf(desk.proxies, request, "http");
    if (!admission.enterForwarded(address)) {
      desk.counts.refusedConnections += 1;
      return false;
    }
    // An answer that waits behind another one is never told that its socket is gone.
    const { socket } = request;
    const leave = (): void => {
      until.off("close", leave);
      socket.off("close", leave);
      admission.leaveForwarded(address);
    };
    until.on("close", leave);
    if (until !== socket) socket.on("close", leave);
    return true;
  }

  /**
   * An upgrade, behind requests whose answers haven't left: what is said on the new protocol would overtake them. They
   * are the last that this connection hears.
   */
  #endWhenAnswered(socket: Duplex): void {
    const caller = this.#callerOf(socket);
    caller.isLeaving = true;
    keepHold(socket, () => this.#silent(socket as Socket));
    caller.whenAnswered = () => {
      if (!socket.writableEnded) sayAndClose(socket, "", this.#options.desk.limits.lastWords);
    };
  }

  /** Some clients offer HTTP/2 on their first request. The offer is passed over and the request answered as it is. */
  #answerAsHttp(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const lines = [`${request.method} ${request.url} HTTP/1.1`];
    const { rawHeaders } = request;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? "";
      if (!/^(upgrade|connection|http2-settings)$/i.test(name))
        lines.push(`${name}: ${rawHeaders[i + 1] ?? ""}`);
    }
    if (/\bclose\b/i.test(request.headers.connection ?? "")) lines.push("Connection: close");
    socket.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
    this.#server.emit("connection", socket);
  }

  /** Nothing moved for a while. Only who waits for an answer that is still being made may be silent. */
  #silent(socket: Socket): void {
    const waits = this.#callerOf(socket).unanswered > 0 && socket.writableLength === 0;
    if (waits) socket.setTimeout(this.#options.desk.limits.http.silentMs);
    else socket.destroy();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const caller = this.#callerOf(request.socket);
    if (request.socket.destroyed) return;
    if (caller.isLeaving || request.socket.writableEnded) {
      caller.ignored += 1;
      if (caller.ignored > this.#options.desk.limits.http.ignored) request.socket.destroy();
      return;
    }
    caller.unanswered += 1;
    request.socket.setTimeout(this.#options.desk.limits.http.silentMs);
    response.once("close", () => {
      caller.unanswered -= 1;
      if (caller.unanswered === 0) caller.whenAnswered?.();
    });
    try {
      this.#protect(request, response, ignore);
      const refusal = this.#refusal(request, response, caller);
      if (caller.isLeaving) {
        response.setHeader("connection", "close");
        // Nothing more of it is looked at, and each request that is parsed costs the others time.
        stopParsing(request.socket);
      }
      if (refusal !== null) sendProblem(response, refusal);
      else if (!refuseMisshapen(request, response)) await this.#route(request, response);
    } catch (cause) {
      this.#options.desk.counts.faults += 1;
      this.#options.desk.report("an HTTP request failed", cause);
      if (response.headersSent) response.destroy();
      else sendProblem(response, { reason: "internal" });
    }
    // A body that nobody read would be taken for the next request's.
    if (!request.complete && !request.destroyed) request.resume();
  }

  /** One client must not take the loop from all the others, whatever it asks for. */
  #refusal(request: IncomingMessage, response: ServerResponse, caller: Caller): Refusal | null {
    const { clock, limits, proxies } = this.#options.desk;
    if (this.#refused.has(request.socket)) {
      caller.isLeaving = true;
      return { reason: "server_full" };
    }
    if (!this.#enterForwarded(request, response)) return { reason: "server_full" };
    const rate = caller.rates.of(peerOf(proxies, request, "http").address);
    const wait = rate.take(clock.monotonic());
    const isHasty = caller.unanswered > limits.http.unanswered;
    if (wait === 0 && !isHasty) return null;
    const refusal: Refusal = { reason: "rate_limited", retryAfterMs: Math.max(1, Math.ceil(wait)) };
    this.#record(request, refusal);
    caller.isLeaving = isHasty || rate.refusals >= limits.session.floodRefusals;
    return refusal;
  }

  #record(request: IncomingMessage, refusal: Refusal): void {
    const { clock, recorder, proxies } = this.#options.desk;
    const peer = peerOf(proxies, request, "http");
    const command = this.#options.api.describe(request);
    recorder?.record({ at: clock.now(), peer, command, outcome: describeRefusal(refusal) });
  }

  #callerOf(socket: Duplex): Caller {
    const known = this.#callers.get(socket);
    if (known !== undefined) return known;
    const { rateLimit, limits, clock } = this.#options.desk;
    const burst = rateLimit * limits.session.rateBurst;
    const rates = new ClientRates(
      () => new RateLimit(rateLimit, burst, clock.monotonic()),
      limits.http.clientsOfProxy,
    );
    const caller: Caller = { rates, unanswered: 0, isLeaving: false, ignored: 0 };
    this.#callers.set(socket, caller);
    lingerWhenDone(socket as Socket, limits.lastWords);
    return caller;
  }

  /** Scrapes cost milliseconds; a second's worth of them is answered with one. One that fails is nobody else's. */
  #metrics(): Promise<{ readonly type: string; readonly body: string }> {
    const { clock, limits } = this.#options.desk;
    const now = clock.monotonic();
    if (this.#scrape === null || now - this.#scrape.at >= limits.http.metricsMs) {
      const text = this.#options.metrics();
      text.catch(() => (this.#scrape = null));
      this.#scrape = { at: now, text };
    }
    return this.#scrape.text;
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    if (path.startsWith("/api/")) return this.#options.api.handle(request, response);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return sendProblem(response.setHeader("allow", "GET, HEAD"), { reason: "method_not_allowed" });
    }
    switch (path) {
      case "/healthz":
        sendText(response, 200, "ok\n");
        return;
      case "/readyz": {
        const ready = await this.#options.readiness();
        sendText(response, ready.ok ? 200 : 503, ready.ok ? "ready\n" : `${ready.why}\n`);
        return;
      }
      case "/metrics": {
        const { type, body } = await this.#metrics();
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
    if (sale !== undefined && this.#options.desk.counter.view(sale as SaleId) === undefined) {
      if (request.headers.accept?.includes("text/html") === true) sendUnknownSale(response);
      else sendProblem(response, { reason: "unknown_sale" });
      return;
    }
    if (this.#page.serve(request, response, sale === undefined ? path : "/")) return;
    sendProblem(response, { reason: "bad_message", detail: "Endereço desconhecido" });
  }
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" })
    .end(text);
}

function ignore(): void {}
