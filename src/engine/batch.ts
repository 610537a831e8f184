/**
 * Deciding a batch: what waits in the mailbox, one command after the other, each on the state that the ones before it
 * made, and before each of them the openings and closings that have become due. A batch is open until it is taken: what
 * comes meanwhile is decided into it. The state runs ahead of the disk from here until the batch's append is durable; the
 * engine keeps the answers back for that long.
 */
import { rejected, type Answer } from "../box-office/answer.ts";
import { evolve, type BoxOffice } from "../box-office/box-office.ts";
import type { Command } from "../box-office/command.ts";
import { dueEvents, nextDeadline } from "../box-office/deadlines.ts";
import { decide } from "../box-office/decide.ts";
import { foresee } from "../box-office/foresee.ts";
import type { Rules, Stamp } from "../box-office/decision.ts";
import { eventBytes, type SaleEvent } from "../box-office/event.ts";
import {
  isBalanced,
  viewSale,
  type Instant,
  type Sale,
  type SaleId,
  type SaleView,
} from "../box-office/sale.ts";
import { EngineFault } from "./fault.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Clock, EngineProbe, Envelope, Journal } from "./ports.ts";

export interface Batch {
  /** Offset of its first event. */
  readonly offset: number;
  readonly envelopes: readonly Envelope[];
  /** One per envelope, in the same order. */
  readonly answers: readonly Answer[];
  readonly events: readonly SaleEvent[];
  /** The newest view of each sale that changed. */
  readonly views: readonly SaleView[];
}

export interface DeciderParts {
  readonly state: BoxOffice;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly rules: Rules;
  readonly probe: EngineProbe;
  /** Commands decided in one batch. */
  readonly batchCommands: number;
}

/** What one command's events may take at most; a batch ends before it could exceed the journal's append. */
const COMMAND_BYTES = 16_384;

/** Commands that are looked at before the first of them is decided. */
const LOOK_AHEAD = 256;

export class BatchDecider {
  readonly #parts: DeciderParts;
  /** A batch that has reached this takes no more. */
  readonly #maxBytes: number;
  #deadline: Instant | null;
  /** The newest: most of a batch is decided at one instant. */
  #stamp: Stamp;
  #envelopes: Envelope[] = [];
  #answers: Answer[] = [];
  #events: SaleEvent[] = [];
  #changed = new Set<SaleId>();
  /** The one that changed last, since the batch was begun. */
  #recent: Sale | undefined;
  #bytes = 0;

  constructor(parts: DeciderParts) {
    this.#parts = parts;
    this.#maxBytes = parts.journal.maxAppendBytes - COMMAND_BYTES;
    this.#deadline = nextDeadline(parts.state);
    this.#stamp = { at: parts.state.at, epoch: parts.journal.epoch };
  }

  /** When the next sale opens or closes by itself. */
  get deadline(): Instant | null {
    return this.#deadline;
  }

  /** Of the open batch, so far; more are pushed to the same array. */
  get events(): readonly SaleEvent[] {
    return this.#events;
  }

  /** Whether nothing has been decided since the last batch was taken. */
  get isEmpty(): boolean {
    return this.#envelopes.length === 0 && this.#events.length === 0;
  }

  /**
   * Decides what is due and what waits, as far as the open batch has room for it.
   *
   * @throws {EngineFault} if the books stop balancing: a bug, and a reason to stop at once.
   */
  decide(mailbox: Mailbox): void {
    const { clock, batchCommands } = this.#parts;
    const envelopes = this.#envelopes;
    let now = clock.now();
    let foreseen = 0;
    while (this.#applyDeadlines(now) && envelopes.length < batchCommands && this.#bytes < this.#maxBytes) {
      if (foreseen === 0) foreseen = this.#lookAhead(mailbox);
      const envelope = mailbox.take();
      if (envelope === undefined) break;
      foreseen -= 1;
      envelopes.push(envelope);
      this.#answers.push(this.#decideOne(envelope.command, now));
      // What waits is decided within milliseconds, and only what is due by itself asks which of them it is.
      if (this.#deadline !== null) now = clock.now();
    }
  }

  /** Brings near what the next commands will be decided by. @returns how many they are. */
  #lookAhead(mailbox: Mailbox): number {
    const coming = mailbox.peek(LOOK_AHEAD);
    // For one alone it is the same way twice.
    if (coming.length > 1) foresee(this.#parts.state, coming);
    return coming.length;
  }

  /** Closes the open batch and begins the next. */
  take(): Batch {
    const envelopes = this.#envelopes;
    const answers = this.#answers;
    const events = this.#events;
    const offset = this.#parts.state.offset - events.length;
    const views = this.#changedViews();
    this.#envelopes = [];
    this.#answers = [];
    this.#events = [];
    this.#changed.clear();
    this.#recent = undefined;
    this.#bytes = 0;
    if (envelopes.length > 0 || events.length > 0) this.#parts.probe.batch(envelopes.length, events.length);
    return { offset, envelopes, answers, events, views };
  }

  #decideOne(command: Command, now: Instant): Answer {
    const { state, journal, rules } = this.#parts;
    const at = Math.max(now, state.at);
    if (this.#stamp.at !== at) this.#stamp = { at, epoch: journal.epoch };
    const decision = decide(state, command, this.#stamp, rules);
    let answer = decision.answer;
    if (decision.events.length > 0) {
      if (journal.hasRoom()) this.#apply(decision.events);
      else answer = rejected({ reason: "busy" });
    } else if (answer.kind === "rejected" && this.#deadline !== null && this.#deadline <= now) {
      // The journal has no room for what is due, so the reason may be out of date: "opens in 00:00:00".
      answer = rejected({ reason: "busy" });
    }
    return answer;
  }

  /** False when more is due than this batch holds: no command may be decided before the rest of it. */
  #applyDeadlines(now: Instant): boolean {
    const { state, journal } = this.#parts;
    while (this.#deadline !== null && this.#deadline <= now && journal.hasRoom()) {
      const due = dueEvents(state, now);
      const fitting = this.#fitting(due);
      this.#apply(fitting);
      if (fitting.length < due.length) return false;
    }
    return true;
  }

  /** As many of these events, from the first, as this batch still holds: thousands of sales may open at one instant. */
  #fitting(events: readonly SaleEvent[]): readonly SaleEvent[] {
    let bytes = this.#bytes;
    const end = events.findIndex((event) => {
      bytes += eventBytes(event);
      return bytes > this.#maxBytes;
    });
    return end === -1 ? events : events.slice(0, end);
  }

  #apply(events: readonly SaleEvent[]): void {
    const { state, journal } = this.#parts;
    let timed = false;
    for (const event of events) {
      evolve(state, event, journal.epoch);
      this.#events.push(event);
      this.#bytes += eventBytes(event);
      timed ||= event.type !== "purchased" && event.type !== "sold_out";
      if (event.type === "purchased") for (const item of event.items) this.#touched(item.sale);
      else this.#touched(event.sale);
    }
    if (timed) this.#deadline = nextDeadline(state);
  }

  #touched(id: SaleId): void {
    if (this.#recent?.id !== id) {
      this.#recent = this.#parts.state.sales.get(id);
      this.#changed.add(id);
    }
    const sale = this.#recent;
    if (sale === undefined || !isBalanced(sale)) {
      throw new EngineFault(
        "INVARIANT_BROKEN",
        `the books of sale ${id} don't balance: ${JSON.stringify(sale)}`,
      );
    }
  }

  #changedViews(): SaleView[] {
    const { state, journal } = this.#parts;
    const views: SaleView[] = [];
    for (const id of this.#changed) {
      const sale = state.sales.get(id);
      if (sale !== undefined) views.push(viewSale(sale, journal.epoch));
    }
    return views;
  }
}
