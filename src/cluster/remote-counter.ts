/**
 * The queue as a gateway process sees it. Each envelope gets a number and goes to the engine's process with all the
 * others of the same turn of the loop, in one write; the answers come back with those numbers. What is read outside
 * the queue is the newest view that the engine has sent.
 *
 * The commands under way are bounded like the engine's own mailbox: more are refused here, in their place. When the
 * engine's process is gone, so is this one: nobody is answered from a state that isn't there.
 */
import type { SaleId, SaleView } from "../box-office/sale.ts";
import type { Counter, Envelope, Published, Scheduler } from "../engine/ports.ts";
import { commandRow, type Row } from "./command-codec.ts";
import { LinkFault } from "./link-fault.ts";
import type { Publication, Turn } from "./turn-codec.ts";

export interface RemoteCounterParts {
  readonly scheduler: Scheduler;
  /** Sends the commands of one turn. */
  readonly send: (rows: readonly Row[]) => void;
  /** Told what changed, after the replies of the same turn. */
  readonly publish: (published: Published) => void;
  readonly limits: { readonly mailbox: number; readonly mailboxReserve: number };
}

export class RemoteCounter implements Counter {
  readonly #parts: RemoteCounterParts;
  readonly #views = new Map<SaleId, SaleView>();
  readonly #waiting = new Map<number, Envelope>();
  #gathered: Row[] = [];
  #last = 0;
  #closed = false;

  /** @param views every sale as it was when the link was made. */
  constructor(parts: RemoteCounterParts, views: Iterable<SaleView>) {
    this.#parts = parts;
    for (const view of views) this.#views.set(view.sale, view);
  }

  /** Commands whose answers haven't come. */
  get waiting(): number {
    return this.#waiting.size;
  }

  submit(envelope: Envelope, priority?: "organiser"): boolean {
    const organiser = priority === "organiser";
    if (this.#isFull(organiser)) return false;
    this.#last += 1;
    this.#waiting.set(this.#last, envelope);
    this.#gathered.push(commandRow(this.#last, envelope.command, organiser));
    if (this.#gathered.length === 1) this.#parts.scheduler.soon(() => this.#flush());
    return true;
  }

  isFull(): boolean {
    return this.#isFull(false);
  }

  view(sale: SaleId): SaleView | undefined {
    return this.#views.get(sale);
  }

  views(): Iterable<SaleView> {
    return this.#views.values();
  }

  /** Sends what waits and takes no more; the answers that are due still come. */
  close(): void {
    this.#closed = true;
    this.#flush();
  }

  /**
   * Goes the engine's own way: the views are new, the replies leave, and then the hub hears of it.
   *
   * @throws {LinkFault} at an answer to nothing.
   */
  take({ publication, answers }: Turn): void {
    for (const view of publication?.views ?? []) this.#views.set(view.sale, view);
    for (const { number, answer } of answers) {
      const envelope = this.#waiting.get(number);
      if (envelope === undefined) throw new LinkFault(`an answer to command ${number} came, which isn't due`);
      this.#waiting.delete(number);
      envelope.reply(answer);
    }
    if (publication === null) return;
    this.#tell(publication);
  }

  /**
   * Each view goes with what happened in its sale: thousands of sales may open in one turn, and with each of those events
   * all of their views would be the square of it.
   */
  #tell({ epoch, views, events }: Publication): void {
    const { publish } = this.#parts;
    const bySale = new Map(views.map((view) => [view.sale, view]));
    const silent = new Map(bySale);
    for (const { event } of events) if (event.type !== "purchased") silent.delete(event.sale);
    if (silent.size > 0) publish({ epoch, views: [...silent.values()], events: [], offset: 0 });
    for (const { event, offset } of events) {
      const view = event.type === "purchased" ? undefined : bySale.get(event.sale);
      publish({ epoch, views: view === undefined ? [] : [view], events: [event], offset });
    }
  }

  #isFull(organiser: boolean): boolean {
    const { mailbox, mailboxReserve } = this.#parts.limits;
    return this.#closed || this.#waiting.size >= mailbox - (organiser ? 0 : mailboxReserve);
  }

  #flush(): void {
    if (this.#gathered.length === 0) return;
    const rows = this.#gathered;
    this.#gathered = [];
    this.#parts.send(rows);
  }
}
