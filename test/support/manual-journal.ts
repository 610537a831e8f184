import type { SaleEvent } from "../../src/box-office/event.ts";
import type { AppendResult, Journal, JournalHealth } from "../../src/engine/ports.ts";
import { promises } from "./manual-time.ts";

/** A journal whose appends end when and how a test says. It holds the engine to the port's contract. */
export class ManualJournal implements Journal {
  readonly epoch: number;
  readonly maxAppendBytes: number;
  /** Events whose append ended well. */
  readonly durable: SaleEvent[] = [];
  /** How many events each append brought. */
  readonly appends: number[] = [];
  room = true;
  onAppend: (events: readonly SaleEvent[]) => void = () => {};
  onHasRoom: () => void = () => {};
  inFlight: readonly SaleEvent[] | null = null;
  /** How many events each look ahead told of, since the last append. */
  prepared: number[] = [];
  #next: readonly SaleEvent[] | null = null;
  #resolve: ((result: AppendResult) => void) | null = null;

  constructor({ epoch = 7, maxAppendBytes = 512 * 1024 } = {}) {
    this.epoch = epoch;
    this.maxAppendBytes = maxAppendBytes;
  }

  prepare(events: readonly SaleEvent[]): void {
    if (this.inFlight === null) throw new Error("an append was prepared though none is in flight");
    if (events.length > 0) this.#next = events;
    this.prepared.push(events.length);
  }

  append(events: readonly SaleEvent[]): Promise<AppendResult> {
    if (this.#next !== null && this.#next !== events) throw new Error("another append was prepared");
    this.#next = null;
    this.prepared = [];
    if (this.inFlight !== null) throw new Error("two appends were begun at once");
    if (events.length === 0) throw new Error("an append without events was begun");
    const bytes = Buffer.byteLength(JSON.stringify(events));
    if (bytes > this.maxAppendBytes) throw new Error(`an append of ${bytes} bytes was begun`);
    this.inFlight = [...events];
    this.appends.push(events.length);
    this.onAppend(events);
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Ends the append in flight, and lets the engine go on. */
  async finish(result: AppendResult = { kind: "durable" }): Promise<void> {
    if (this.inFlight === null) throw new Error("no append is in flight");
    if (result.kind === "durable") this.durable.push(...this.inFlight);
    this.inFlight = null;
    this.#resolve?.(result);
    await promises();
  }

  health(): JournalHealth {
    return this.room ? { ok: true } : { ok: false, why: "no room" };
  }

  hasRoom(): boolean {
    this.onHasRoom();
    return this.room;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
