/**
 * What all workers have been told one by one, the newest of each sale: a worker that takes another's place has heard none
 * of it, and whoever resumes there may have missed it.
 */
import type { OffsetEvent } from "./turn-codec.ts";

export class RecentEvents {
  readonly #perSale: number;
  readonly #bySale = new Map<string, OffsetEvent[]>();

  /** @param perSale how many of each sale are kept. */
  constructor(perSale: number) {
    this.#perSale = perSale;
  }

  add(events: readonly OffsetEvent[]): void {
    for (const entry of events) {
      // Nobody is told of these one by one.
      if (entry.event.type === "purchased" || entry.event.type === "sale_created") continue;
      const { sale } = entry.event;
      const known = this.#bySale.get(sale) ?? [];
      known.push(entry);
      if (known.length > this.#perSale) known.shift();
      this.#bySale.set(sale, known);
    }
  }

  /** Those of one sale are in their order. */
  all(): OffsetEvent[] {
    return [...this.#bySale.values()].flat();
  }
}
