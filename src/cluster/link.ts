/**
 * One end of the pair of sockets between the engine's process and a worker. It has no name in the file system and
 * nobody else can open it; when either process ends, however it does, the other end hears that.
 */
import type { Duplex } from "node:stream";
import { frameOf, FrameKind, FrameReader } from "./framing.ts";
import { LinkFault } from "./link-fault.ts";

export interface LinkLimits {
  /** Of one frame's body. */
  readonly frameBytes: number;
  /** Bytes that may wait for the other end; with more the link is broken. */
  readonly backlogBytes: number;
}

export interface LinkParts {
  readonly socket: Duplex;
  readonly limits: LinkLimits;
  /** Told each frame; the body is only lent. What it throws breaks the link. */
  readonly take: (kind: FrameKind, body: Buffer) => void;
  /** Called once, when nothing more comes. `cause` is null when the other end went away without a word. */
  readonly broken: (cause: unknown) => void;
}

export class Link {
  readonly #parts: LinkParts;
  #isBroken = false;

  constructor(parts: LinkParts) {
    const { socket, limits, take } = parts;
    this.#parts = parts;
    const reader = new FrameReader(limits.frameBytes, take);
    socket.on("data", (chunk: Buffer) => {
      if (this.#isBroken) return;
      try {
        reader.push(chunk);
      } catch (cause) {
        this.#break(cause);
      }
    });
    socket.on("error", () => this.#break(null));
    socket.on("end", () => this.#break(null));
    socket.on("close", () => this.#break(null));
  }

  /** Bytes that the other end hasn't taken. */
  get backlog(): number {
    return this.#parts.socket.writableLength;
  }

  send(frame: Buffer): void {
    const { socket, limits } = this.#parts;
    if (this.#isBroken) return;
    socket.write(frame);
    if (socket.writableLength <= limits.backlogBytes) return;
    this.#break(new LinkFault(`the other end of a link left ${socket.writableLength} bytes unread`));
  }

  note(note: object): void {
    this.send(frameOf(FrameKind.note, JSON.stringify(note)));
  }

  /** Resolves when the other end, or the system for it, has taken everything. */
  finished(): Promise<void> {
    const { socket } = this.#parts;
    return new Promise((resolve) => {
      socket.end(resolve);
    });
  }

  destroy(): void {
    this.#isBroken = true;
    this.#parts.socket.destroy();
  }

  #break(cause: unknown): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#parts.broken(cause);
  }
}
