/**
 * One live connection, and another one after it whenever it is lost, until the server says to stay away. A socket
 * that is given up can still speak much later (browsers take their time over dead networks): each one's events are
 * believed only while it is the current one.
 */
import { CloseCode, shouldReconnect } from "../src/protocol/close-codes.ts";
import type { ClientMessage, HelloMessage, ServerMessage } from "../src/protocol/messages.ts";
import { backoffDelay } from "./backoff.ts";
import { PAGE_LIMITS } from "./limits.ts";
import type { Timers } from "./timers.ts";

/** A WebSocket as this file needs it. */
export interface Socket {
  send(text: string): void;
  close(): void;
}

export interface SocketEvents {
  message(text: string): void;
  closed(code: number): void;
}

/** How things stand; `retryAt` is a monotonic time. While it is `offline` it goes on trying all the same. */
export type Link =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "waiting"; readonly why: "lost" | "full"; readonly retryAt: number }
  | { readonly kind: "offline" }
  | { readonly kind: "away"; readonly code: number };

/** What the socket itself tells. */
type Known = Exclude<Link, { readonly kind: "offline" }>;

export interface ConnectionParts {
  readonly open: (events: SocketEvents) => Socket;
  readonly timers: Timers;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** A conversation begins. Times are monotonic. */
  readonly greeted: (hello: HelloMessage, startedAt: number, arrivedAt: number) => void;
  readonly received: (message: ServerMessage) => void;
  readonly changed: (link: Link) => void;
}

const PULSE_ID = "pulse";
/** What a browser reports for a connection that just broke. */
const BROKEN = 1006;

export class Connection {
  readonly #parts: ConnectionParts;
  #link: Known = { kind: "connecting" };
  #socket: Socket | null = null;
  #startedAt = 0;
  #attempt = 0;
  #online = true;
  /** Calls off whatever comes next by itself: giving up on a greeting, the next pulse, the next attempt. */
  #callOff: () => void = () => {};

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  /** The browser's word explains an absence and no more: a socket that answers knows better, and so does a full server. */
  get link(): Link {
    const link = this.#link;
    const isAbsent = link.kind === "connecting" || (link.kind === "waiting" && link.why === "lost");
    return isAbsent && !this.#online ? { kind: "offline" } : link;
  }

  /** Connects, now, whatever was planned. */
  connect(): void {
    const { timers, open } = this.#parts;
    this.#dropSocket();
    this.#startedAt = timers.monotonic();
    this.#become({ kind: "connecting" });
    this.#plan(PAGE_LIMITS.helloMs, () => this.#lost(BROKEN));
    const socket: Socket = open({
      message: (text) => {
        if (this.#socket === socket) this.#receive(text);
      },
      closed: (code) => {
        if (this.#socket === socket) this.#lost(code);
      },
    });
    this.#socket = socket;
  }

  /** @returns false when there is nobody to send it to; nothing is kept for later here. */
  send(message: ClientMessage): boolean {
    if (this.#link.kind !== "live" || this.#socket === null) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /**
   * What the browser says of its network. A return of it is worth an attempt at once. A loss may be of another network
   * than the one that leads here (a server on the same machine, a cable beside the Wi-Fi): asks, and goes on trying.
   */
  networkChanged(online: boolean): void {
    const isBack = online && !this.#online;
    this.#online = online;
    // What was begun without a network may hang.
    if (isBack && this.#link.kind === "connecting") this.connect();
    else if (online) this.#hurry();
    else if (this.#link.kind === "live") this.#pulse();
    this.#parts.changed(this.link);
  }

  /** Somebody looks again. A phone that slept may have missed the end, and its timers are late: asks, or connects, now. */
  wake(): void {
    if (this.#link.kind === "live") this.#pulse();
    else this.#hurry();
  }

  /** A full server is left its air: whoever looks at it in vain would knock the most. */
  #hurry(): void {
    const link = this.#link;
    if (link.kind !== "waiting" || link.why !== "lost") return;
    this.#attempt = 0;
    this.connect();
  }

  #receive(text: string): void {
    const message = readMessage(text);
    if (message === null) return;
    const { timers, greeted, received } = this.#parts;
    if (this.#link.kind === "live") this.#listen();
    if (message.type !== "hello") {
      received(message);
      return;
    }
    const arrivedAt = timers.monotonic();
    this.#become({ kind: "live" });
    this.#listen();
    greeted(message, this.#startedAt, arrivedAt);
  }

  #lost(code: number): void {
    const { timers } = this.#parts;
    const wasSteady =
      this.#link.kind === "live" && timers.monotonic() - this.#startedAt >= PAGE_LIMITS.steadyMs;
    if (wasSteady) this.#attempt = 0;
    this.#dropSocket();
    if (!shouldReconnect(code)) this.#become({ kind: "away", code });
    else this.#waitFor(code === CloseCode.serverFull ? "full" : "lost");
  }

  #waitFor(why: "lost" | "full"): void {
    const { timers, random } = this.#parts;
    const backoff = why === "full" ? PAGE_LIMITS.reconnectFull : PAGE_LIMITS.reconnect;
    const delay = backoffDelay(this.#attempt, backoff, random);
    this.#attempt += 1;
    this.#plan(delay, () => this.connect());
    this.#become({ kind: "waiting", why, retryAt: timers.monotonic() + delay });
  }

  #listen(): void {
    this.#plan(PAGE_LIMITS.silenceMs, () => this.#pulse());
  }

  #pulse(): void {
    this.send({ type: "query", id: PULSE_ID });
    this.#plan(PAGE_LIMITS.pulseMs, () => this.#lost(BROKEN));
  }

  #dropSocket(): void {
    this.#callOff();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #plan(ms: number, task: () => void): void {
    this.#callOff();
    this.#callOff = this.#parts.timers.after(ms, task);
  }

  #become(link: Known): void {
    this.#link = link;
    this.#parts.changed(this.link);
  }
}

/** Null for what isn't a message of this protocol: a newer server may say things that this page doesn't know. */
function readMessage(text: string): ServerMessage | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("type" in value)) return null;
    return value as ServerMessage;
  } catch {
    return null;
  }
}
