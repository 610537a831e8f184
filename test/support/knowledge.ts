import type { BoxOffice } from "../../src/box-office/box-office.ts";
import type { Purchase } from "../../src/box-office/purchases.ts";
import type { TicketCode } from "../../src/box-office/sale.ts";
import { booksRecord, restoreBooks, restorePurchase } from "../../src/box-office/snapshot.ts";

/** All that a box office knows, as a value of its own to compare: its books, and each sale's purchases in order. */
export function knowledgeOf(state: BoxOffice): unknown {
  const purchases = [...state.sales.keys()].map((sale) => [
    sale,
    state.purchases === null ? null : [...state.purchases.ofSale(sale)],
  ]);
  return JSON.parse(JSON.stringify({ books: booksRecord(state), purchases }));
}

/** Every purchase once, in the order of the journal. */
export function purchasesOf(state: BoxOffice): Purchase[] {
  const all = [...state.sales.keys()].flatMap((sale) => [...(state.purchases?.ofSale(sale) ?? [])]);
  const byOffset = new Map(all.map((purchase) => [purchase.offset, purchase]));
  return [...byOffset.values()].toSorted((a, b) => a.offset - b.offset);
}

export function codesOf(purchases: readonly Purchase[], sale: string): TicketCode[] {
  return purchases.flatMap((purchase) =>
    purchase.items.filter((item) => item.sale === sale).flatMap((item) => item.codes),
  );
}

/** Writes a box office as the records of a snapshot and reads them into `into`, through JSON as a file would. */
export function passThroughSnapshot(from: BoxOffice, into: BoxOffice): BoxOffice {
  const purchases = JSON.parse(JSON.stringify(purchasesOf(from))) as Purchase[];
  const books = JSON.parse(JSON.stringify(booksRecord(from))) as ReturnType<typeof booksRecord>;
  for (const purchase of purchases) restorePurchase(into, purchase);
  restoreBooks(into, books);
  return into;
}
