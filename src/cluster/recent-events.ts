/**
 * What all workers have been told one by one, the newest of each sale: a worker that takes another's place has heard none
 * of it, and whoever resumes there may have missed it.
 */
import type { OffsetEvent } from "./turn-codec.ts";

export interface RecentEventsLimits {
  /** How many of each sale are kept. */
  readonly perSale: number;
  /** How many of all sales: they all go out in one frame. */
  readonly total: number;
}

export class RecentEvents {
  readonly #limits: RecentEventsLimits;
  /** By offset, in their order. */
  readonly #events = new Map<number, OffsetEvent>();
  readonly #offsetsBySale = new Map<string, number[]>();

  constructor(limits: RecentEventsLimits) {
    this.#limits = limits;
  }

  add(events: readonly OffsetEvent[]): void {
    const { perSale, total } = this.#limits;
    // Goes on where it was: from the beginning it would pass by the places of thousands that are gone, each time. It is
    // let go at the end, since JavaScript keeps whatever was dropped for an iterator that has yet to pass by it.
    const byAge = this.#events.values();
    for (const entry of events) {
      // Nobody is told of these one by one.
      if (entry.event.type === "purchased" || entry.event.type === "sale_created") continue;
      const { sale } = entry.event;
      const offsets = this.#offsetsBySale.get(sale) ?? [];
      this.#offsetsBySale.set(sale, offsets);
      offsets.push(entry.offset);
      this.#events.set(entry.offset, entry);
      if (offsets.length > perSale) this.#dropOldestOf(sale);
      if (this.#events.size > total) this.#dropOldest(byAge);
    }
  }

  all(): OffsetEvent[] {
    return [...this.#events.values()];
  }

  #dropOldest(byAge: Iterator<OffsetEvent, undefined>): void {
    const oldest = byAge.next().value;
    if (oldest !== undefined && oldest.event.type !== "purchased") this.#dropOldestOf(oldest.event.sale);
  }

  #dropOldestOf(sale: string): void {
    const offset = this.#offsetsBySale.get(sale)?.shift();
    if (offset !== undefined) this.#events.delete(offset);
  }
}
