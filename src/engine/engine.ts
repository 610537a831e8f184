/**
 * The single-queue actor. Everything that may change the stock waits in one mailbox and is decided here, one command
 * after the other; nothing else ever touches the state. That is what replaces a lock: there is no second thread of
 * control that could come between reading the stock and writing it.
 *
 * A turn decides what waits (a batch, batch.ts), and hands its events to the journal with one append. While that
 * append is in flight, what comes is decided into the next batch, which grows by itself with the load; a lone buyer never
 * waits for company. When the append is durable, three things happen in an order that matters:
 *
 * 1. the append of the next batch is begun, so that the disk works while replies are sent;
 * 2. the replies of the durable batch leave, in mailbox order;
 * 3. its events and views are published, so that every subscriber hears of a change after its buyer did.
 *
 * A rejection or a query is answered with its batch: it may have been decided on events that aren't durable yet.
 * If an append fails, the state here is ahead of the disk and can't be trusted any more: the engine stops for good.
 */
import type { Answer } from "../box-office/answer.ts";
import type { BoxOffice } from "../box-office/box-office.ts";
import type { Rules } from "../box-office/decision.ts";
import type { Purchase } from "../box-office/purchases.ts";
import { viewSale, type SaleId, type SaleView } from "../box-office/sale.ts";
import { BatchDecider, type Batch } from "./batch.ts";
import { EngineFault } from "./fault.ts";
import { Mailbox } from "./mailbox.ts";
import type {
  AppendResult,
  Cancel,
  Clock,
  Counter,
  EngineProbe,
  Envelope,
  Journal,
  Published,
  Scheduler,
} from "./ports.ts";

export interface EngineLimits {
  /** Commands that may wait. */
  readonly mailbox: number;
  /** How many of those places only the organiser may use. */
  readonly mailboxReserve: number;
  /** Commands decided in one batch. */
  readonly batchCommands: number;
}

export interface EngineParts {
  readonly state: BoxOffice;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly rules: Rules;
  readonly limits: EngineLimits;
  readonly probe: EngineProbe;
  /** Called once per durable batch that changed something, after its replies. */
  readonly publish: (published: Published) => void;
  /** Called once, when nothing may be answered any more. The process should say why and stop. */
  readonly fail: (fault: EngineFault) => void;
}

/**
 * A farther deadline is looked at again after this long: a timer goes on counting when somebody sets the clock, and doesn't
 * count while the machine sleeps.
 */
const LONGEST_TIMER_MS = 250;

/** How long an overdue deadline waits that the journal has no room for. */
const OVERDUE_RETRY_MS = 100;

export class Engine implements Counter {
  readonly #parts: EngineParts;
  readonly #mailbox: Mailbox;
  readonly #decider: BatchDecider;
  readonly #views = new Map<SaleId, SaleView>();
  #durableOffset: number;
  #phase: "serving" | "draining" | "stopped" = "serving";
  #turnPending = false;
  /** An append has begun and its result isn't known yet. */
  #appending = false;
  #timer: Cancel | null = null;
  #stopping: Promise<void> | null = null;
  #drained: (() => void) | null = null;

  constructor(parts: EngineParts) {
    const { state, journal, limits } = parts;
    this.#parts = parts;
    this.#mailbox = new Mailbox(limits.mailbox, limits.mailboxReserve);
    this.#decider = new BatchDecider({ ...parts, batchCommands: limits.batchCommands });
    this.#durableOffset = state.offset;
    for (const sale of state.sales.values()) this.#views.set(sale.id, viewSale(sale, journal.epoch));
    this.#armTimer();
  }

  /** Commands waiting, decided or not; the ones in flight not counted. */
  get waiting(): number {
    return this.#mailbox.occupied;
  }

  /** Events that are durable, which is the offset of the next one. */
  get durableOffset(): number {
    return this.#durableOffset;
  }

  submit(envelope: Envelope, priority?: "organiser"): boolean {
    if (this.#phase !== "serving") return false;
    if (!this.#mailbox.offer(envelope, priority === "organiser")) return false;
    this.#wake();
    return true;
  }

  isFull(): boolean {
    return this.#phase !== "serving" || this.#mailbox.isFull(false);
  }

  view(sale: SaleId): SaleView | undefined {
    return this.#views.get(sale);
  }

  views(): Iterable<SaleView> {
    return this.#views.values();
  }

  /**
   * The durable purchases of a sale in order, as of now. May be walked slowly while the sale goes on.
   *
   * @param from how many to pass over. @param until the offset before which they were made: now, or earlier.
   */
  *purchases(sale: SaleId, from = 0, until = this.#durableOffset): Generator<Purchase> {
    for (const purchase of this.#parts.state.purchases?.ofSale(sale, from) ?? []) {
      if (purchase.offset >= until) return;
      yield purchase;
    }
  }

  /** Takes no more commands, finishes those that wait, and resolves when the last reply has left, or the engine failed. */
  stop(): Promise<void> {
    if (this.#phase === "stopped") return Promise.resolve();
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  /** Stops at once and for good, after a fault elsewhere in the process: whatever waits or is in flight gets no answer. */
  halt(): void {
    this.#phase = "stopped";
    this.#timer?.cancel();
    this.#drained?.();
  }

  async #drain(): Promise<void> {
    this.#phase = "draining";
    this.#timer?.cancel();
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
      this.#wake();
    });
    this.#phase = "stopped";
  }

  /** One turn per wake-up: everything that arrives in the same round of the event loop shares a batch. */
  #wake(): void {
    if (this.#turnPending) return;
    this.#turnPending = true;
    this.#parts.scheduler.soon(() => {
      this.#turnPending = false;
      if (this.#phase === "stopped") return;
      this.#guard(() => this.#turn());
      this.#settle();
    });
  }

  #turn(): void {
    // While the disk works there is time to decide and to prepare; what waits for it goes at once when it is done.
    if (this.#appending) {
      this.#decider.decide(this.#mailbox);
      this.#parts.journal.prepare?.(this.#decider.events);
      return;
    }
    const batch = this.#begin();
    if (batch !== null) this.#release(batch);
  }

  /** Goes on with what has arrived meanwhile, or says that nothing is left. */
  #settle(): void {
    if (this.#appending || this.#phase === "stopped") return;
    if (this.#mailbox.length > 0) this.#wake();
    else if (this.#phase === "draining") this.#drained?.();
  }

  /** Decides the rest of a batch and begins its append. A batch without events needs none and is returned, ready for release. */
  #begin(): Batch | null {
    this.#decider.decide(this.#mailbox);
    const batch = this.#decider.take();
    this.#mailbox.clear();
    if (batch.events.length === 0) return batch;
    this.#appending = true;
    const { clock, journal, probe } = this.#parts;
    const started = clock.monotonic();
    void journal.append(batch.events).then((result) => {
      if (this.#phase === "stopped") return;
      probe.synced(clock.monotonic() - started);
      this.#guard(() => this.#appended(batch, result));
      this.#settle();
    });
    // What didn't go into this batch is decided meanwhile, too.
    if (this.#mailbox.length > 0) this.#wake();
    return null;
  }

  #appended(batch: Batch, result: AppendResult): void {
    if (result.kind === "fenced") throw new EngineFault("JOURNAL_FENCED", result.message);
    if (result.kind === "unknown") throw new EngineFault("JOURNAL_FAILED", result.message, result.cause);
    this.#appending = false;
    const next = this.waiting > 0 || !this.#decider.isEmpty || this.#isOverdue() ? this.#begin() : null;
    this.#release(batch);
    if (next !== null) this.#release(next);
  }

  #release(batch: Batch): void {
    const { events, offset, views, envelopes, answers } = batch;
    this.#durableOffset = offset + events.length;
    for (const view of views) this.#views.set(view.sale, view);
    const { journal, probe, publish } = this.#parts;
    for (let i = 0; i < envelopes.length; i++) {
      const envelope = envelopes[i] as Envelope;
      const answer = answers[i] as Answer;
      probe.decided(envelope.command, answer);
      envelope.reply(answer);
    }
    if (events.length === 0) return;
    publish({ epoch: journal.epoch, events, offset, views });
    if (events.some((event) => event.type !== "purchased")) this.#armTimer();
  }

  /** A deadline passed while the append was in flight. */
  #isOverdue(): boolean {
    const { deadline } = this.#decider;
    return this.#phase === "serving" && deadline !== null && deadline <= this.#parts.clock.now();
  }

  #armTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const { deadline } = this.#decider;
    if (deadline === null || this.#phase !== "serving") return;
    const { clock, scheduler } = this.#parts;
    const wait = deadline - clock.now();
    if (wait <= 0) this.#wake();
    this.#timer = scheduler.after(wait > 0 ? Math.min(wait, LONGEST_TIMER_MS) : OVERDUE_RETRY_MS, () =>
      this.#armTimer(),
    );
  }

  /** A fault here means that the state may be ahead of the disk or plain wrong: stop, and never answer again. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (cause) {
      this.#phase = "stopped";
      this.#timer?.cancel();
      const message = cause instanceof Error ? cause.message : String(cause);
      this.#parts.fail(
        cause instanceof EngineFault ? cause : new EngineFault("INVARIANT_BROKEN", message, cause),
      );
      this.#drained?.();
    }
  }
}
