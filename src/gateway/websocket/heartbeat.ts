/**
 * Notices connections that went away without a word, and readers that stay too slow. One timer for all of them: each
 * tick visits one part of the connections, so that ten thousand pings never leave in the same instant.
 */
import { WebSocket } from "ws";
import { CloseCode } from "../../protocol/close-codes.ts";
import type { Desk } from "../desk.ts";
import type { Cancel } from "../../engine/ports.ts";
import type { SessionSocket } from "./session-socket.ts";

export class Heartbeat {
  readonly #desk: Desk;
  readonly #parts: Set<SessionSocket>[];
  readonly #timer: Cancel;
  #next = 0;
  #size = 0;

  /** @param every runs a task again and again, that many milliseconds apart, until it is cancelled. */
  constructor(desk: Desk, every: (ms: number, task: () => void) => Cancel = unheldInterval) {
    const { pingMs, sweepParts } = desk.limits.websocket;
    this.#desk = desk;
    this.#parts = Array.from({ length: sweepParts }, () => new Set<SessionSocket>());
    this.#timer = every(pingMs / sweepParts, () => this.#sweep());
  }

  get size(): number {
    return this.#size;
  }

  *members(): Generator<SessionSocket> {
    for (const part of this.#parts) yield* part;
  }

  /** Joins the part that was visited last, so that its first ping comes one whole period from now. */
  add(webSocket: SessionSocket): void {
    webSocket.part = (this.#next + this.#parts.length - 1) % this.#parts.length;
    this.#parts[webSocket.part]?.add(webSocket);
    this.#size += 1;
  }

  remove(webSocket: SessionSocket): void {
    if (this.#parts[webSocket.part]?.delete(webSocket) === true) this.#size -= 1;
  }

  stop(): void {
    this.#timer.cancel();
  }

  #sweep(): void {
    const part = this.#parts[this.#next];
    this.#next = (this.#next + 1) % this.#parts.length;
    const now = this.#desk.clock.monotonic();
    for (const webSocket of part ?? []) this.#visit(webSocket, now);
  }

  #visit(webSocket: SessionSocket, now: number): void {
    const { websocket, output } = this.#desk.limits;
    const backlog = webSocket.connection?.backlog ?? 0;
    if (backlog <= output.softBytes) webSocket.slowSince = 0;
    else if (webSocket.slowSince === 0) webSocket.slowSince = now;
    const isOpen = webSocket.readyState === WebSocket.OPEN;
    if (isOpen && webSocket.slowSince !== 0 && now - webSocket.slowSince > output.slowMs) {
      webSocket.session?.tooSlow();
      return;
    }
    if (webSocket.missedPongs >= websocket.missedPongs) {
      // Whoever said that it sends no more and then doesn't read would be waited for by `ws` for ever.
      if (isOpen) webSocket.session?.end(CloseCode.silent);
      else webSocket.terminate();
      return;
    }
    webSocket.missedPongs += 1;
    webSocket.ping();
  }
}

/** Doesn't keep the process alive. */
function unheldInterval(ms: number, task: () => void): Cancel {
  const timer = setInterval(task, ms).unref();
  return { cancel: () => clearInterval(timer) };
}
