/** One port for the page, the API, the probes and the WebSockets: who may ask, what is refused, and who answers. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import helmet from "helmet";
import type { Refusal } from "../../protocol/refusals.ts";
import type { Admission } from "../admission.ts";
import type { Desk } from "../desk.ts";
import { describeRefusal } from "../describe.ts";
import { handshakeFault, refuseHandshake } from "../websocket/handshake.ts";
import type { HttpApi } from "./http-api.ts";
import { HttpCallers, type HttpCaller } from "./http-callers.ts";
import { HttpDoor } from "./http-door.ts";
import { keepHold, sparing, stopParsing } from "./http-parser.ts";
import type { HttpSite } from "./http-site.ts";
import { sayAndClose } from "../last-words.ts";
import { refuseGarbage, refuseMisshapen } from "./misshapen.ts";
import { peerOf } from "../peer-of.ts";
import { refuseUpgrade, sendProblem } from "../problem.ts";
import type { WebSocketGateway } from "../websocket/websocket-gateway.ts";

export interface HttpGatewayOptions {
  readonly desk: Desk;
  readonly admission: Admission;
  readonly api: HttpApi;
  readonly webSockets: WebSocketGateway;
  readonly site: HttpSite;
}

export class HttpGateway {
  readonly #options: HttpGatewayOptions;
  readonly #server: Server;
  readonly #door: HttpDoor;
  readonly #callers: HttpCallers;
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
    this.#door = new HttpDoor(options.admission, options.desk);
    this.#callers = new HttpCallers(options.desk);
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
    this.#server.on("connection", (socket) => this.#door.admit(socket));
    // Told to each socket with its first request: one that becomes a WebSocket never needs a timer.
    this.#server.on("timeout", (socket: Socket) => this.#silent(socket));
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on("connect", (_request, socket) => {
      const allow = ["Allow: GET, HEAD, POST"];
      keepHold(socket, () => this.#silent(socket as Socket));
      this.#callers.endBehindAnswers(socket, () =>
        refuseUpgrade(socket, { reason: "method_not_allowed" }, lastWords, undefined, allow),
      );
    });
    this.#server.on("checkContinue", (request, response) => {
      // Behind answers that haven't left, node:http would write it between this answer's head and its body.
      if (response.socket !== null) response.writeContinue();
      void this.#handle(request, response);
    });
    this.#server.on("checkExpectation", (request, response) => void this.#handle(request, response));
    this.#server.on("clientError", (fault, socket) => {
      const refuse = (): void => refuseGarbage(fault, socket, lastWords);
      if (!socket.writable || !this.#callers.isOwed(socket)) {
        refuse();
        return;
      }
      stopParsing(socket);
      this.#callers.endBehindAnswers(socket, refuse);
    });
  }

  get server(): Server {
    return this.#server;
  }

  /** Takes no more connections, and closes the idle ones; requests under way are finished and their answers read. */
  stop(): void {
    sparing(this.#callers.unread(), () => this.#server.close());
  }

  /** Closes the connections that have become idle since the stop, and those that node:http waits for the first word of. */
  closeIdle(): void {
    for (const socket of this.#door.silent()) socket.destroy();
    sparing(this.#callers.unread(), () => this.#server.closeIdleConnections());
  }

  cut(): void {
    this.#server.closeAllConnections();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    try {
      if (this.#callers.isOwed(socket)) {
        keepHold(socket, () => this.#silent(socket as Socket));
        this.#callers.endBehindAnswers(socket, () => this.#close(socket));
        return;
      }
      if (request.headers.upgrade?.toLowerCase() !== "websocket") {
        this.#answerAsHttp(request, socket, head);
        return;
      }
      const fault = handshakeFault(request);
      if (fault !== null) refuseHandshake(this.#options.desk, request, socket, fault);
      else {
        const isAdmitted = !this.#door.isTurnedAway(socket) && this.#door.enterForwarded(request, socket);
        this.#options.webSockets.upgrade(request, socket, head, isAdmitted);
      }
      this.#door.forget(socket);
      this.#callers.forget(socket);
    } catch (cause) {
      this.#options.desk.counts.faults += 1;
      this.#options.desk.report("a handshake failed", cause);
      socket.destroy();
    }
  }

  /** An upgrade that had to wait: what is said on the new protocol would have overtaken the answers. */
  #close(socket: Duplex): void {
    if (!socket.writableEnded) sayAndClose(socket, "", this.#options.desk.limits.lastWords);
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
    if (this.#callers.isWaiting(socket)) socket.setTimeout(this.#options.desk.limits.http.silentMs);
    else socket.destroy();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.socket.destroyed) return;
    const caller = this.#callers.of(request.socket);
    if (caller.isLeaving || request.socket.writableEnded) {
      caller.ignored += 1;
      if (caller.ignored > this.#options.desk.limits.http.ignored) request.socket.destroy();
      return;
    }
    caller.asks(request, response);
    request.socket.setTimeout(this.#options.desk.limits.http.silentMs);
    try {
      this.#protect(request, response, ignore);
      const refusal = this.#refusal(request, response, caller);
      if (caller.isLeaving) {
        response.setHeader("connection", "close");
        // Nothing more of it is looked at, and each request that is parsed costs the others time.
        stopParsing(request.socket);
      }
      if (refusal !== null) sendProblem(response, refusal);
      else if (!refuseMisshapen(request, response)) await this.#route(request, response, caller);
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
  #refusal(request: IncomingMessage, response: ServerResponse, caller: HttpCaller): Refusal | null {
    const { clock, limits, proxies } = this.#options.desk;
    if (this.#door.isTurnedAway(request.socket)) {
      caller.isLeaving = true;
      return { reason: "server_full" };
    }
    if (!this.#door.enterForwarded(request, response)) return { reason: "server_full" };
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
    recorder?.record(clock.now(), peer, command, describeRefusal(refusal));
  }

  #route(request: IncomingMessage, response: ServerResponse, caller: HttpCaller): Promise<void> {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    if (path === "/api/sales") return this.#list(request, response, caller);
    if (path.startsWith("/api/")) return this.#options.api.handle(request, response);
    return this.#options.site.answer(request, response, path);
  }

  /**
   * The answer that is as long as there are sales, for everyone who asks: clients that don't read it would otherwise
   * take the memory of all, each of them within its own bounds.
   */
  async #list(request: IncomingMessage, response: ServerResponse, caller: HttpCaller): Promise<void> {
    if (this.#callers.unreadBytes >= this.#options.desk.limits.http.unreadBytes) {
      this.#record(request, { reason: "busy" });
      sendProblem(response, { reason: "busy" });
      return;
    }
    await this.#options.api.handle(request, response);
    caller.leaveUnread(request, response);
  }
}

function ignore(): void {}
