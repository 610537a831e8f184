/**
 * A counter that sells as a hurried shop does: it looks whether there are tickets, and takes one, with a call to a
 * database for each step, and nobody waits for anybody. It has everything that the queue has but the queue. It exists
 * to be attacked, and does wrong what such shops do wrong:
 *
 * - between the look and the taking others take too, so more is sold than there was, and the stock falls below 0;
 * - taking is reading and writing back one less, so of two that read the same number one is forgotten: both buyers
 *   are told the same stock, and it may even rise;
 * - whoever writes a 0 announces that everything is sold, as often as that happens.
 *
 * None of it is acted: the rules of the core decide on what was read, and only the time between the steps is pretended.
 * What was really sold goes into the same books as ever, so the audit says that they don't balance.
 */
import { rejected, type Answer } from "../box-office/answer.ts";
import { evolve, type BoxOffice } from "../box-office/box-office.ts";
import type { Buy, Command } from "../box-office/command.ts";
import { dueEvents, nextDeadline } from "../box-office/deadlines.ts";
import { decide } from "../box-office/decide.ts";
import type { Rules, Stamp } from "../box-office/decision.ts";
import type { Purchased, SaleEvent } from "../box-office/event.ts";
import type { Purchase } from "../box-office/purchases.ts";
import { viewSale, type SaleId, type SaleView } from "../box-office/sale.ts";
import { EngineFault } from "../engine/fault.ts";
import type {
  Cancel,
  Clock,
  Counter,
  EngineProbe,
  Entropy,
  Envelope,
  Journal,
  Published,
  Scheduler,
} from "../engine/ports.ts";

export interface UnsafeCounterParts {
  readonly state: BoxOffice;
  /** Only its epoch is used: nothing here deserves to be kept. */
  readonly journal: Pick<Journal, "epoch">;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly entropy: Entropy;
  readonly rules: Rules;
  /** The longest that one call to the pretended database takes; each takes a random part of it. */
  readonly databaseCallMs: number;
  /** Commands under way at once. */
  readonly mostUnderWay: number;
  readonly probe: EngineProbe;
  readonly publish: (published: Published) => void;
  readonly fail: (fault: EngineFault) => void;
}

/** A farther deadline is looked at again after this long: timers count in 32 bits. */
const LONGEST_TIMER_MS = 3_600_000;

export class UnsafeCounter implements Counter {
  readonly #parts: UnsafeCounterParts;
  #underWay = 0;
  #stopped = false;
  #drained: (() => void) | null = null;
  #timer: Cancel | null = null;

  constructor(parts: UnsafeCounterParts) {
    this.#parts = parts;
  }

  /** Commands under way; none waits for another. */
  get waiting(): number {
    return this.#underWay;
  }

  get durableOffset(): number {
    return this.#parts.state.offset;
  }

  submit(envelope: Envelope): boolean {
    if (this.isFull()) return false;
    this.#underWay += 1;
    this.#serve(envelope).then(
      () => this.#served(),
      (cause: unknown) => {
        this.#parts.fail(new EngineFault("INVARIANT_BROKEN", String(cause), cause));
        this.#served();
      },
    );
    return true;
  }

  isFull(): boolean {
    return this.#stopped || this.#underWay >= this.#parts.mostUnderWay;
  }

  view(id: SaleId): SaleView | undefined {
    const sale = this.#parts.state.sales.get(id);
    return sale === undefined ? undefined : viewSale(sale, this.#parts.journal.epoch);
  }

  *views(): Generator<SaleView> {
    for (const sale of this.#parts.state.sales.values()) yield viewSale(sale, this.#parts.journal.epoch);
  }

  *purchases(sale: SaleId): Generator<Purchase> {
    yield* this.#parts.state.purchases?.ofSale(sale) ?? [];
  }

  /** Takes no more, and resolves when everybody who was served has been answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    if (this.#underWay === 0) return;
    await new Promise<void>((resolve) => (this.#drained = resolve));
  }

  /** Takes no more, and waits for nobody. */
  halt(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#drained?.();
  }

  #served(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#drained?.();
  }

  async #serve(envelope: Envelope): Promise<void> {
    const { command } = envelope;
    this.#openAndClose();
    const isPatient = command.type === "buy" || command.type === "query";
    if (isPatient) await this.#callDatabase();
    const { answer, events } = decide(this.#parts.state, command, this.#stamp(), this.#parts.rules);
    const isSale = answer.kind === "receipt" && !answer.repeated;
    if (command.type === "buy" && isSale) await this.#take(command, envelope);
    else this.#finish(command, envelope, answer, events);
  }

  /** The look was good, so one is taken: read, one less, write. Both steps are late, and neither looks again. */
  async #take(command: Buy, envelope: Envelope): Promise<void> {
    const { state, journal } = this.#parts;
    const [item] = command.items;
    const sale = item === undefined ? undefined : state.sales.get(item.sale);
    if (item === undefined || sale === undefined || command.items.length > 1) {
      this.#finish(command, envelope, rejected({ reason: "bad_items" }), []);
      return;
    }
    await this.#callDatabase();
    const remaining = sale.available - item.quantity;
    await this.#callDatabase();
    const { at } = this.#stamp();
    const position = { epoch: journal.epoch, offset: state.offset };
    const items = [{ sale: sale.id, order: sale.orders + 1, remaining, codes: item.codes }];
    const { buyer, key } = command;
    const purchased: Purchased = { type: "purchased", v: 1, at, buyer, key, items };
    const events: SaleEvent[] = [purchased];
    if (remaining === 0) events.push({ type: "sold_out", v: 1, at, sale: sale.id });
    this.#finish(command, envelope, { kind: "receipt", items, position, at, repeated: false }, events, () => {
      sale.available = remaining;
    });
  }

  /** @param overwrite what is blindly written over what the books say. */
  #finish(
    command: Command,
    envelope: Envelope,
    answer: Answer,
    events: readonly SaleEvent[],
    overwrite: () => void = () => undefined,
  ): void {
    const { state, journal, probe, publish } = this.#parts;
    const offset = state.offset;
    for (const event of events) evolve(state, event, journal.epoch);
    overwrite();
    probe.decided(command, answer);
    envelope.reply(answer);
    if (events.length === 0) return;
    publish({ epoch: journal.epoch, events, offset, views: this.#viewsOf(events) });
    this.#armTimer();
  }

  #viewsOf(events: readonly SaleEvent[]): SaleView[] {
    const ids = events.flatMap((event) =>
      event.type === "purchased" ? event.items.map(({ sale }) => sale) : [event.sale],
    );
    return [...new Set(ids)].flatMap((id) => this.view(id) ?? []);
  }

  #stamp(): Stamp {
    const { clock, state, journal } = this.#parts;
    return { at: Math.max(clock.now(), state.at), epoch: journal.epoch };
  }

  #callDatabase(): Promise<void> {
    const { scheduler, entropy, databaseCallMs } = this.#parts;
    return new Promise((resolve) => {
      scheduler.after(entropy.random() * databaseCallMs, resolve);
    });
  }

  /** The sales whose time has come. */
  #openAndClose(): void {
    const { state, journal, publish, clock } = this.#parts;
    for (;;) {
      const events = dueEvents(state, clock.now());
      if (events.length === 0) return;
      const offset = state.offset;
      for (const event of events) evolve(state, event, journal.epoch);
      publish({ epoch: journal.epoch, events, offset, views: this.#viewsOf(events) });
    }
  }

  #armTimer(): void {
    const { state, clock, scheduler } = this.#parts;
    const deadline = nextDeadline(state);
    this.#timer?.cancel();
    if (deadline === null || this.#stopped) return;
    const wait = Math.min(Math.max(0, deadline - clock.now()), LONGEST_TIMER_MS);
    this.#timer = scheduler.after(wait, () => {
      this.#openAndClose();
      this.#armTimer();
    });
  }
}
