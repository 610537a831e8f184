/**
 * A journal whose process stays awake while a large batch is made durable.
 *
 * A process that has nothing to do until its disk answers goes to sleep, and is woken by the first command that comes in. To
 * be woken takes longer than to read that command, and it is the sender's processor time too. Behind a batch of many
 * purchases the next ones are about to come: whoever hears that theirs is sold asks again, and in a rush there are others. So
 * the event loop looks again instead of sleeping then, for a time that is bounded: a slow disk isn't waited for awake. A lone
 * buyer's purchase keeps nobody awake.
 *
 * It takes a second processor, without which the disk's answer would wait for whoever is awake.
 */
import type { SaleEvent } from "../box-office/event.ts";
import type { AppendResult, Clock, Journal, JournalHealth, Scheduler } from "../engine/ports.ts";

export interface WakefulLimits {
  /** Events of a batch that is waited for awake. */
  readonly events: number;
  /** How long at most. */
  readonly ms: number;
}

export interface WakefulParts {
  readonly journal: Journal;
  readonly clock: Pick<Clock, "monotonic">;
  readonly scheduler: Pick<Scheduler, "soon">;
  readonly limits: WakefulLimits;
}

export class WakefulJournal implements Journal {
  readonly #parts: WakefulParts;
  #appending = false;
  /** By the monotonic clock. */
  #awakeUntil = Number.NEGATIVE_INFINITY;
  /** It looks again in the loop's next turn. */
  #isAwake = false;

  constructor(parts: WakefulParts) {
    this.#parts = parts;
  }

  get epoch(): number {
    return this.#parts.journal.epoch;
  }

  get maxAppendBytes(): number {
    return this.#parts.journal.maxAppendBytes;
  }

  prepare(events: readonly SaleEvent[]): void {
    this.#parts.journal.prepare?.(events);
  }

  append(events: readonly SaleEvent[]): Promise<AppendResult> {
    const { journal, clock, limits } = this.#parts;
    const appended = journal.append(events);
    this.#appending = true;
    const isLarge = events.length >= limits.events;
    this.#awakeUntil = isLarge ? clock.monotonic() + limits.ms : Number.NEGATIVE_INFINITY;
    if (isLarge && !this.#isAwake) this.#stayAwake();
    return appended.then((result) => {
      this.#appending = false;
      return result;
    });
  }

  health(): JournalHealth {
    return this.#parts.journal.health();
  }

  hasRoom(): boolean {
    return this.#parts.journal.hasRoom();
  }

  close(): Promise<void> {
    return this.#parts.journal.close();
  }

  #stayAwake(): void {
    const { clock, scheduler } = this.#parts;
    this.#isAwake = true;
    // An event loop doesn't sleep while something is to be done soon.
    scheduler.soon(() => {
      if (this.#appending && clock.monotonic() < this.#awakeUntil) this.#stayAwake();
      else this.#isAwake = false;
    });
  }
}
