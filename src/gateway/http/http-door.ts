/** Who may come in over HTTP: sockets as they connect, and the clients for whom a trusted proxy speaks. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { plainAddress } from "../address.ts";
import type { Admission } from "../admission.ts";
import type { Desk } from "../desk.ts";
import { peerOf } from "../peer-of.ts";

export class HttpDoor {
  readonly #admission: Admission;
  readonly #desk: Desk;
  readonly #refused = new WeakSet<Duplex>();
  /** Let in or turned away already: an offer of HTTP/2 that is passed over makes a connection come by twice. */
  readonly #seen = new Set<Socket>();
  /** Refused sockets that are still open. */
  #turnedAway = 0;

  constructor(admission: Admission, desk: Desk) {
    this.#admission = admission;
    this.#desk = desk;
  }

  /** A socket has connected. One that is turned away is told why when it asks for something. */
  admit(socket: Socket): void {
    if (this.#seen.has(socket)) return;
    // Gone before it was accepted: whatever it sent must not buy, since nobody would know for whom.
    if (socket.remoteAddress === undefined) {
      this.#refused.add(socket);
      socket.destroy();
      return;
    }
    this.#seen.add(socket);
    const address = plainAddress(socket.remoteAddress);
    if (this.#admission.enter(address)) {
      socket.on("close", () => {
        this.#seen.delete(socket);
        this.#admission.leave(address);
      });
      return;
    }
    this.#desk.counts.refusedConnections += 1;
    this.#turnAway(socket);
  }

  isTurnedAway(socket: Duplex): boolean {
    return this.#refused.has(socket);
  }

  /** It is no HTTP connection any more and doesn't come by again. */
  forget(socket: Duplex): void {
    this.#seen.delete(socket as Socket);
  }

  /** Connections that haven't sent anything: browsers open some ahead. */
  silent(): Socket[] {
    return [...this.#seen].filter(({ bytesRead }) => bytesRead === 0);
  }

  /** Where a trusted proxy speaks for its clients, each of them has the limit that others have for their sockets. */
  enterForwarded(request: IncomingMessage, until: Duplex | ServerResponse): boolean {
    const { proxies, counts } = this.#desk;
    if (!proxies.trusts(plainAddress(request.socket.remoteAddress))) return true;
    const { address } = peerOf(proxies, request, "http");
    if (!this.#admission.enterForwarded(address)) {
      counts.refusedConnections += 1;
      return false;
    }
    // An answer that waits behind another one is never told that its socket is gone.
    const { socket } = request;
    const leave = (): void => {
      until.off("close", leave);
      socket.off("close", leave);
      this.#admission.leaveForwarded(address);
    };
    until.on("close", leave);
    if (until !== socket) {
      // As many as it may have requests that aren't answered, which `http.unanswered` bounds.
      socket.setMaxListeners(0);
      socket.on("close", leave);
    }
    return true;
  }

  #turnAway(socket: Socket): void {
    this.#refused.add(socket);
    if (this.#turnedAway >= this.#desk.limits.connections.turnedAway) {
      this.#seen.delete(socket);
      socket.destroy();
      return;
    }
    this.#turnedAway += 1;
    socket.on("close", () => {
      this.#seen.delete(socket);
      this.#turnedAway -= 1;
    });
  }
}
