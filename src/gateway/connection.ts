import type { Peer } from "../engine/ports.ts";
import type { CloseCode } from "../protocol/close-codes.ts";

/** A socket as a session sees it, whatever the transport. */
export interface Connection {
  readonly peer: Peer;
  /**
   * Queues a reply; all replies of one turn of the event loop leave in one write.
   *
   * @param isAscii known to be, so that nobody has to look.
   */
  send(reply: string, isAscii?: boolean): void;
  /** Writes encoded bytes now, after the queued replies. */
  write(bytes: Buffer): void;
  /** Says goodbye after everything that was sent; `code` is what a WebSocket client is told. */
  end(code: CloseCode): void;
  pause(): void;
  resume(): void;
  /** Reads nothing more of a flood, for good: it waits in its sender's own buffers until it is cut. */
  stopReading(): void;
  /** Bytes that the other end hasn't taken yet. */
  readonly backlog: number;
  /** Tells once when all that was written has been taken; never, if the connection ends before that. */
  whenSent(tell: () => void): void;
  /** True while bytes have come in that may be a command: no push may come before its reply. */
  readonly midCommand: boolean;
}

/**
 * Gathers the connections that have replies to write and writes them at the end of the turn. One durable batch
 * answers many commands of one connection; this way they cost one write.
 */
export class ReplyFlusher {
  #dirty: { flush(): void }[] = [];

  add(connection: { flush(): void }): void {
    if (this.#dirty.push(connection) === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const connection of dirty) connection.flush();
  }
}
