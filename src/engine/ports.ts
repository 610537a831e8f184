/**
 * Everything that isn't pure, as the engine sees it. Production, the simulator and the tests plug in their own.
 */
import type { Answer } from "../box-office/answer.ts";
import type { Command } from "../box-office/command.ts";
import type { SaleEvent } from "../box-office/event.ts";
import type { Instant, SaleId, SaleView, TicketCode } from "../box-office/sale.ts";

export interface Clock {
  /** Epoch milliseconds. May step backwards; the engine doesn't. */
  now(): Instant;
  /** Milliseconds from an arbitrary start, fractional, never backwards: for durations only. */
  monotonic(): number;
}

export interface Cancel {
  cancel(): void;
}

export interface Scheduler {
  /** Runs `task` once after what is already waiting on the loop, before any timer. */
  soon(task: () => void): void;
  /** Runs `task` once, `ms` milliseconds from now at the earliest. */
  after(ms: number, task: () => void): Cancel;
}

export interface Entropy {
  ticketCode(): TicketCode;
  /** Uniform in [0, 1). */
  random(): number;
}

/**
 * `durable`: the events survive a crash. `fenced`: another writer owns the journal now and nothing was written.
 * `unknown`: it can't be said whether they were written; nothing may be answered any more.
 */
export type AppendResult =
  | { readonly kind: "durable" }
  | { readonly kind: "fenced"; readonly message: string }
  | { readonly kind: "unknown"; readonly message: string; readonly cause: unknown };

export type JournalHealth = { readonly ok: true } | { readonly ok: false; readonly why: string };

/**
 * The order of events, made durable. One append is in flight at a time, and its events never part.
 * An append never rejects: what went wrong is a result, because each kind needs an answer of its own.
 */
export interface Journal {
  /** Rises with every start and every new writer. */
  readonly epoch: number;
  /** Bytes of encoded events that fit in one append; see `eventBytes`. */
  readonly maxAppendBytes: number;
  /**
   * What the next append will bring, as far as it is known while one is in flight: the same array, and more will be pushed
   * to it. It promises nothing; whoever has work to do for an append can do it early.
   */
  prepare?(events: readonly SaleEvent[]): void;
  append(events: readonly SaleEvent[]): Promise<AppendResult>;
  /** Whether events can be taken now: false when space couldn't be made ahead or a sync hangs. Cheap enough to ask per batch. */
  health(): JournalHealth;
  /** False when the append after the one in flight, if there is one, might not fit: sales are then refused with `busy`. */
  hasRoom(): boolean;
  /** Waits for the append in flight, then lets go of the files and the lock. */
  close(): Promise<void>;
}

/** One command's way through the engine; `reply` is called exactly once, in mailbox order. */
export interface Envelope {
  readonly command: Command;
  reply(answer: Answer): void;
}

/** What one durable batch changed, told after its replies have left. */
export interface Published {
  readonly epoch: number;
  /** The events in order; `offset` is the first one's. */
  readonly events: readonly SaleEvent[];
  readonly offset: number;
  /** The newest view of each sale that changed. */
  readonly views: readonly SaleView[];
}

/** How the gateways reach the queue. */
export interface Counter {
  /** False when the mailbox is full: nothing was taken and `reply` will never be called. */
  submit(envelope: Envelope, priority?: "organiser"): boolean;
  /** Whether it would refuse a buyer now. Whoever asks first has made nothing in vain: a refusal must cost next to nothing. */
  isFull(): boolean;
  /** The last durable view of a sale, for readers outside the queue. */
  view(sale: SaleId): SaleView | undefined;
  views(): Iterable<SaleView>;
}

/** What the engine tells whoever measures it. Called on the hot path: implementations only count. */
export interface EngineProbe {
  /** When the answer leaves: before that it may be of something that never becomes durable. */
  decided(command: Command, answer: Answer): void;
  /** Commands and events of one batch; not both are 0. */
  batch(commands: number, events: number): void;
  synced(ms: number): void;
}

/** Who is at the other end of a connection, as logs and keys name them; one object per connection, or per request over HTTP. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  readonly transport: "ws" | "tcp" | "http";
}

/** Of a purchase, as the command log shows it: its place in the order of arrival, and how many tickets it left. */
export interface Bought {
  readonly order: number;
  readonly remaining: number;
}

export interface CommandRecorder {
  /**
   * One command for the command log. Its parts are handed over one by one, as there is a call for each command of a crowd.
   *
   * @param command may hold what came from outside; the log makes it harmless.
   * @param outcome the server's own words: printable ASCII.
   */
  record(at: Instant, peer: Peer, command: string, outcome: string, bought?: Bought): void;
}
