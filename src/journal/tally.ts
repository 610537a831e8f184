/**
 * The books, counted anew event by event in constant memory, together with a hash of every purchase: what a snapshot is
 * held against, and what shows whether the events themselves make sense. A start believes the events; this doesn't.
 */
import { createHash } from "node:crypto";
import { createBoxOffice, evolve, purchaseRecord, type BoxOffice } from "../box-office/box-office.ts";
import type { Purchased, SaleEvent } from "../box-office/event.ts";
import { checkPurchase, type Purchase } from "../box-office/purchases.ts";
import { isBalanced, type SaleId } from "../box-office/sale.ts";
import { booksRecord, restoreBooks } from "../box-office/snapshot.ts";
import type { Disk } from "./disk.ts";
import { readRecords, type VerifiedSnapshot } from "./snapshot.ts";

export class Tally {
  readonly state: BoxOffice = createBoxOffice("count");
  readonly #purchases = createHash("sha256");

  /** What a verified snapshot says. @throws {JournalCorrupt} see `readRecords`. */
  static async ofSnapshot(disk: Disk, snapshot: VerifiedSnapshot, maxFrameBytes: number): Promise<Tally> {
    const tally = new Tally();
    await readRecords(disk, snapshot, maxFrameBytes, {
      purchase: (purchase) => {
        checkPurchase(purchase);
        tally.#remember(purchase);
      },
      books: (books) => restoreBooks(tally.state, books),
    });
    return tally;
  }

  /**
   * Applies an event.
   *
   * @returns what is wrong with it, though its bytes are what was written; null as a rule.
   * @throws {Error} if it can't be applied at all.
   */
  apply(event: SaleEvent, epoch: number): string | null {
    const { state } = this;
    const late = event.at < state.at ? `event ${state.offset} is older than the one before it` : null;
    const wrong = event.type === "purchased" ? this.#misnumbered(event) : null;
    if (event.type === "purchased") this.#remember(purchaseRecord(event, epoch, state.offset));
    evolve(state, event, epoch);
    return wrong ?? late ?? this.#unbalanced(event);
  }

  /** Whether the books are the same, and each purchase too. */
  equals(other: Tally): boolean {
    const [ours, theirs] = [this, other].map(
      (tally) => JSON.stringify(booksRecord(tally.state)) + tally.#purchases.copy().digest("hex"),
    );
    return ours === theirs;
  }

  #remember(purchase: Purchase): void {
    this.#purchases.update(JSON.stringify(purchase));
  }

  #misnumbered({ items }: Purchased): string | null {
    const { sales, offset } = this.state;
    for (const { sale, order, remaining, codes } of items) {
      const before = sales.get(sale);
      if (before === undefined) continue;
      if (order !== before.orders + 1)
        return `event ${offset} is purchase ${order} of sale ${sale}, after purchase ${before.orders}`;
      if (remaining !== before.available - codes.length)
        return `event ${offset} leaves ${remaining} tickets of sale ${sale}, from ${before.available} less ${codes.length}`;
    }
    return null;
  }

  #unbalanced(event: SaleEvent): string | null {
    const touched: readonly SaleId[] =
      event.type === "purchased" ? event.items.map(({ sale }) => sale) : [event.sale];
    const wrong = touched.find((id) => {
      const sale = this.state.sales.get(id);
      return sale !== undefined && !isBalanced(sale);
    });
    return wrong === undefined
      ? null
      : `after event ${this.state.offset - 1} the books of sale ${wrong} don't balance`;
  }
}
