/**
 * A snapshot is the box office written as records: first every purchase in the order of arrival, last one record with
 * the sales and their books. Purchases are only ever appended, so a new snapshot is the old one's purchases, the
 * newer ones, and new books: it can be streamed in constant memory (journal/ does so).
 */
import type { BoxOffice } from "./box-office.ts";
import type { Purchase } from "./purchases.ts";
import type { Instant, Sale } from "./sale.ts";

export interface BooksRecord {
  readonly offset: number;
  readonly at: Instant;
  readonly sales: readonly Sale[];
}

export function booksRecord(state: BoxOffice): BooksRecord {
  return {
    offset: state.offset,
    at: state.at,
    sales: [...state.sales.values()].map((sale) => ({ ...sale })),
  };
}

/** Takes up one purchase of a snapshot; a fold that only counts lets it pass. */
export function restorePurchase(state: BoxOffice, purchase: Purchase): void {
  state.purchases?.add(purchase, purchase.epoch, purchase.offset);
}

/** Takes up the books of a snapshot; after this the state is the one that was written. */
export function restoreBooks(state: BoxOffice, books: BooksRecord): void {
  for (const sale of books.sales) state.sales.set(sale.id, { ...sale });
  state.offset = books.offset;
  state.at = books.at;
}
