/** Who is at the other end of each HTTP connection, and what it is still owed when it has to go. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ClientRates } from "./client-rates.ts";
import type { Desk } from "../desk.ts";
import { lingerWhenDone } from "../last-words.ts";
import { RateLimit } from "../rate-limit.ts";

/** The callers of all connections that have asked for something. */
export class HttpCallers {
  readonly #desk: Pick<Desk, "clock" | "limits" | "rateLimit">;
  readonly #callers = new Map<Duplex, HttpCaller>();
  #unreadBytes = 0;

  constructor(desk: Pick<Desk, "clock" | "limits" | "rateLimit">) {
    this.#desk = desk;
  }

  /** @param socket one that isn't closed: it is known until then. */
  of(socket: Socket): HttpCaller {
    const known = this.#callers.get(socket);
    if (known !== undefined) return known;
    const { rateLimit, limits, clock } = this.#desk;
    const burst = rateLimit * limits.session.rateBurst;
    const rates = new ClientRates(
      () => new RateLimit(rateLimit, burst, clock.monotonic()),
      limits.http.clientsOfProxy,
    );
    const caller = new HttpCaller(rates, (bytes) => (this.#unreadBytes += bytes));
    this.#callers.set(socket, caller);
    socket.once("close", () => {
      this.#callers.delete(socket);
      caller.goes();
    });
    lingerWhenDone(socket, limits.lastWords);
    return caller;
  }

  /** Of long answers, over all connections; see `HttpCaller`. */
  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  /** It is no HTTP connection any more. */
  forget(socket: Duplex): void {
    this.#callers.delete(socket);
  }

  /** Whether it waits for an answer that is still being made, and has read those before. */
  isWaiting(socket: Duplex): boolean {
    return this.#hasUnanswered(socket) && socket.writableLength === 0;
  }

  /** Whether something that it asked for in whole isn't answered. */
  isOwed(socket: Duplex): boolean {
    return this.#callers.get(socket)?.isOwed ?? false;
  }

  /** See `HttpCaller`; said at once to whoever never asked for anything. */
  endBehindAnswers(socket: Duplex, lastWords: () => void): void {
    const caller = this.#callers.get(socket);
    if (caller === undefined) lastWords();
    else caller.endBehindAnswers(lastWords);
  }

  /** The connections that haven't been sent all that they were or will be answered. */
  unread(): Duplex[] {
    return [...this.#callers.keys()].filter(
      (socket) => this.#hasUnanswered(socket) || socket.writableLength > 0,
    );
  }

  #hasUnanswered(socket: Duplex): boolean {
    return (this.#callers.get(socket)?.unanswered ?? 0) > 0;
  }
}

/** What is known of one connection between its requests. */
export class HttpCaller {
  readonly rates: ClientRates;
  /** It was told to go; what it still sends is not looked at. */
  isLeaving = false;
  /** Requests that came after that: they hold memory until the socket is gone. */
  ignored = 0;
  readonly #unread: (bytes: number) => void;
  /** With the bytes of their answers that were reported. */
  readonly #unanswered = new Map<IncomingMessage, number>();
  /** What is said last, once every request that came in whole is answered. */
  #lastWords: (() => void) | null = null;

  /** @param unread told of bytes more, or fewer, that wait to be read. */
  constructor(rates: ClientRates, unread: (bytes: number) => void) {
    this.rates = rates;
    this.#unread = unread;
  }

  /** Requests that haven't been answered: more than one when the client doesn't wait for its answers. */
  get unanswered(): number {
    return this.#unanswered.size;
  }

  /** Whether any of those came in whole: of the others nothing will be carried out. */
  get isOwed(): boolean {
    for (const { complete } of this.#unanswered.keys()) if (complete) return true;
    return false;
  }

  /** It asks for something, and is owed it until the answer has left. */
  asks(request: IncomingMessage, response: ServerResponse): void {
    this.#unanswered.set(request, 0);
    response.once("close", () => {
      this.#unread(-(this.#unanswered.get(request) ?? 0));
      this.#unanswered.delete(request);
      if (this.#lastWords === null || this.isOwed) return;
      const lastWords = this.#lastWords;
      this.#lastWords = null;
      lastWords();
    });
  }

  /** A long answer was given: what hasn't left of it counts as unread until all of it has, or the socket is gone. */
  leaveUnread(request: IncomingMessage, response: ServerResponse): void {
    if (request.socket.destroyed || !this.#unanswered.has(request)) return;
    this.#unanswered.set(request, response.writableLength);
    this.#unread(response.writableLength);
  }

  /** The socket is gone; an answer that waits behind another one is never told so. */
  goes(): void {
    for (const [request, bytes] of this.#unanswered) {
      this.#unread(-bytes);
      this.#unanswered.set(request, 0);
    }
  }

  /**
   * What can't be taken, behind requests whose answers haven't left: whatever was carried out is told first, and nothing
   * may overtake that. Then this is the last that the connection hears.
   */
  endBehindAnswers(lastWords: () => void): void {
    if (!this.isOwed) {
      lastWords();
      return;
    }
    this.isLeaving = true;
    this.#lastWords ??= lastWords;
  }
}
