/**
 * One connection through the simulated network. Each direction keeps its order; between connections there is none.
 * The server's end looks like the socket that the real gateway's classes write to; whatever they write is heard at
 * once (ear.ts) and delivered later, or never.
 */
import type { Ear, Due, Question } from "./ear.ts";
import { SMALL_LIMITS } from "./limits.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";
import { readFrames, readLines } from "./words.ts";

export interface Upward {
  readonly bytes: Buffer;
  /** What is complete once these bytes are there. */
  readonly questions: readonly Question[];
  /** They end within a command. */
  readonly isPartial: boolean;
  /** The rest of what was on its way already: half a line that stays alone would be taken for a command. */
  readonly isRest?: boolean;
  /** The client will send no more. */
  readonly isLast?: boolean;
}

export interface Heard {
  readonly text: string;
  readonly due: Due | null;
}

interface Downward {
  readonly bytes: number;
  readonly heard: readonly Heard[];
  /** A goodbye: the close code, or 0 for the end of a TCP connection. */
  readonly code: number | null;
}

/** The client's end. */
export interface LinkClient {
  heard(message: Heard): void;
  /** @param code what the server gave as its reason, 1006 when it gave none. */
  ended(code: number): void;
}

/** The server's end: the gateway's real classes. */
export interface LinkServer {
  take(bytes: Buffer): void;
  inputEnded(): void;
  closed(): void;
}

export interface LinkParts {
  readonly name: string;
  readonly transport: "ws" | "tcp";
  readonly ear: Ear;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly client: LinkClient;
  readonly closeTimeoutMs: number;
  /** Runs a check; what it throws is noted. */
  readonly check: (check: () => void) => void;
  readonly trace: (line: string) => void;
}

/** What the system takes of a connection whose client doesn't read; below the server's own soft bound, as in production. */
const SYSTEM_BYTES = 256;

export class Link {
  readonly parts: LinkParts;
  readonly ear: Ear;
  server: LinkServer | null = null;
  /** Bytes that the server wrote and the client hasn't taken. */
  #onTheWay = 0;
  mostBacklog = 0;
  /** Since when more is unread than a reader may leave for long. */
  heavySince: number | null = null;
  /** The client doesn't read. */
  isStalled = false;
  /** The network swallows everything and says nothing. */
  isBlackHole = false;
  isServerOpen = true;
  isClientOpen = true;
  /** The server has said goodbye. */
  isEnding = false;
  closeCode: number | null = null;
  /** Since when the client doesn't read or the network doesn't deliver. */
  unreadSince: number | null = null;
  readableEnded = false;
  #isPaused = false;
  /** Told when the system has taken everything. */
  #waiting: (() => void)[] = [];
  readonly #inbox: Upward[] = [];
  readonly #outbox: Downward[] = [];
  #isDelivering = false;
  #sawNewline = false;
  /** What came last was the first half of a line. */
  #isHalfThere = false;
  #upAt = 0;
  #downAt = 0;

  constructor(parts: LinkParts) {
    this.parts = parts;
    this.ear = parts.ear;
  }

  /** Bytes that the system hasn't taken from the server. */
  get backlog(): number {
    return Math.max(0, this.#onTheWay - SYSTEM_BYTES);
  }

  // The client's side.

  send(upward: Upward, notAfterMs = 40): void {
    const { timeline } = this.parts;
    if (!this.isClientOpen || this.isBlackHole) return;
    const latency = Math.min(this.#latency(), notAfterMs);
    this.#upAt = Math.max(this.#upAt, timeline.now + latency);
    timeline.at(this.#upAt, () => {
      if (!this.isServerOpen || (this.isBlackHole && !(upward.isRest === true && this.#isHalfThere))) return;
      this.#isHalfThere = upward.isPartial;
      this.#inbox.push(upward);
      this.#read();
    });
  }

  stall(): void {
    this.isStalled = true;
    this.unreadSince ??= this.parts.timeline.now;
  }

  readOn(): void {
    this.isStalled = false;
    if (!this.isBlackHole) this.unreadSince = null;
    this.ear.quietSince = this.parts.timeline.now;
    this.#deliver();
  }

  swallow(): void {
    this.isBlackHole = true;
    this.unreadSince ??= this.parts.timeline.now;
  }

  /** The client is gone, or the network between: each end hears of it in its own time. */
  cut(): void {
    const { timeline } = this.parts;
    if (this.isClientOpen) timeline.after(this.#latency(), () => this.#clientEnds(1006));
    if (!this.isBlackHole) timeline.after(this.#latency(), () => this.serverCloses());
  }

  /** The client gives it up and hears nothing more. */
  abandon(): void {
    this.isClientOpen = false;
    if (!this.isBlackHole) this.parts.timeline.after(this.#latency(), () => this.serverCloses());
  }

  // The server's side.

  write(bytes: Buffer): void {
    const { ear, transport, check, trace, name } = this.parts;
    if (!this.isServerOpen || this.isEnding) return;
    const heard: Heard[] = [];
    check(() => {
      for (const text of transport === "ws" ? readFrames(bytes) : readLines(bytes)) {
        trace(`${name}< ${text}`);
        heard.push({ text, due: ear.hear(text) });
      }
    });
    this.#post({ bytes: bytes.length, heard, code: null });
  }

  /** As an empty piece behind all that was written is. */
  whenSent(tell: () => void): void {
    if (this.isServerOpen && !this.isEnding) this.#waiting.push(tell);
    this.#tellIfSent();
  }

  /** Says goodbye after everything that was written. */
  end(code: number): void {
    const { check, ear, timeline, closeTimeoutMs, trace, name } = this.parts;
    if (!this.isServerOpen || this.isEnding) return;
    trace(`${name} ends ${code}`);
    check(() => ear.goodbye(code));
    this.isEnding = true;
    this.closeCode = code;
    this.#post({ bytes: 4, heard: [], code });
    timeline.after(closeTimeoutMs, () => this.destroy());
  }

  destroy(): void {
    if (!this.isServerOpen) return;
    this.serverCloses();
    if (!this.isBlackHole) this.parts.timeline.after(this.#latency(), () => this.#clientEnds(1006));
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    // As a stream does it: not within the call.
    this.parts.timeline.after(0, () => this.#read());
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  serverCloses(): void {
    if (!this.isServerOpen) return;
    this.isServerOpen = false;
    this.server?.closed();
  }

  /** The server's process is over; its system resets the connection. */
  processEnds(): void {
    this.isServerOpen = false;
    if (!this.isBlackHole) this.parts.timeline.after(this.#latency(), () => this.#clientEnds(1006));
  }

  #read(): void {
    while (!this.#isPaused && this.isServerOpen) {
      const next = this.#inbox.shift();
      if (next === undefined) return;
      const { bytes, questions, isPartial, isLast } = next;
      if (!this.isEnding) {
        for (const question of questions) this.ear.expect(question);
        // Once it has sent a line end, nothing is a command before the next one.
        this.ear.midCommand = isPartial && !this.#sawNewline;
        this.#sawNewline ||= bytes.includes(10);
        this.ear.quietSince = this.parts.timeline.now;
      }
      if (isLast !== true) {
        const isOne = this.parts.transport === "ws" && questions.length === 1;
        this.ear.reading = isOne && !this.isEnding ? this.ear.dues.at(-1)! : null;
        this.server?.take(bytes);
        this.ear.reading = null;
        continue;
      }
      this.readableEnded = true;
      this.server?.inputEnded();
    }
  }

  #post(message: Downward): void {
    this.#outbox.push(message);
    this.#onTheWay += message.bytes;
    this.mostBacklog = Math.max(this.mostBacklog, this.backlog);
    if (this.backlog > SMALL_LIMITS.output.softBytes) this.heavySince ??= this.parts.timeline.now;
    this.#deliver();
  }

  #deliver(): void {
    if (this.#isDelivering || this.isStalled || this.isBlackHole || this.#outbox.length === 0) return;
    const { timeline } = this.parts;
    this.#isDelivering = true;
    this.#downAt = Math.max(this.#downAt, timeline.now + this.#latency());
    timeline.at(this.#downAt, () => {
      this.#isDelivering = false;
      if (this.isStalled || this.isBlackHole) return;
      const message = this.#outbox.shift();
      if (message === undefined) return;
      this.#onTheWay -= message.bytes;
      if (this.backlog <= SMALL_LIMITS.output.softBytes) this.heavySince = null;
      this.#arrive(message);
      this.#tellIfSent();
      this.#deliver();
    });
  }

  #tellIfSent(): void {
    if (this.backlog > 0 || this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    // As a stream does it: not within the call.
    this.parts.timeline.after(0, () => {
      if (this.isServerOpen) for (const tell of waiting) tell();
    });
  }

  #arrive({ heard, code }: Downward): void {
    if (this.isClientOpen) for (const message of heard) this.parts.client.heard(message);
    if (code === null) return;
    this.#clientEnds(code);
    this.parts.timeline.after(this.#latency(), () => this.serverCloses());
  }

  #clientEnds(code: number): void {
    if (!this.isClientOpen || this.isBlackHole) return;
    this.isClientOpen = false;
    this.parts.client.ended(code);
  }

  #latency(): number {
    const { random } = this.parts;
    return random.chance(0.05) ? random.span(5, 40) : random.span(0.05, 2);
  }
}
