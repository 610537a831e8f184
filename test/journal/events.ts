/** Events and small limits for the tests of the journal. */
import { createBoxOffice, evolve, type BoxOffice } from "../../src/box-office/box-office.ts";
import type { SaleEvent } from "../../src/box-office/event.ts";
import type { BuyerId, PurchaseKey, SaleId, TicketCode } from "../../src/box-office/sale.ts";
import { booksRecord } from "../../src/box-office/snapshot.ts";
import { TICKET_ALPHABET } from "../../src/engine/system.ts";
import type { JournalLimits } from "../../src/journal/limits.ts";

export const SALE = "gala" as SaleId;

export const CAPACITY = 1_000_000;

/** Files of a few kilobytes, so that every byte of them can be tried. */
export const SMALL: JournalLimits = {
  segmentBytes: 6_144,
  stepBytes: 2_048,
  roomAheadBytes: 1_300,
  maxFrameBytes: 1_200,
  syncHangMs: 5_000,
  roomRetryMs: 1_000,
  snapshotEveryBytes: 1 << 30,
};

export function created(sale = SALE): SaleEvent {
  return {
    type: "sale_created",
    v: 1,
    at: 1_000,
    sale,
    title: "Gala — não é só teatro ☂",
    capacity: CAPACITY,
    phase: "open",
    opensAt: null,
    closesAt: null,
  };
}

/** The n-th purchase, from 1, of one ticket. */
export function purchased(n: number, sale = SALE): SaleEvent {
  return {
    type: "purchased",
    v: 1,
    at: 1_000 + n,
    buyer: `buyer-${n}` as BuyerId,
    key: `key-${n}` as PurchaseKey,
    items: [{ sale, order: n, remaining: CAPACITY - n, codes: [code(n)] }],
  };
}

/** A different code for each n. */
export function code(n: number): TicketCode {
  const base = TICKET_ALPHABET.length;
  let text = "";
  for (let rest = n, i = 0; i < 12; i++, rest = Math.floor(rest / base)) text += TICKET_ALPHABET[rest % base];
  return text as TicketCode;
}

/** A log of one sale: first its creation, then purchases. */
export function history(length: number): SaleEvent[] {
  return Array.from({ length }, (_, n) => (n === 0 ? created() : purchased(n)));
}

/** All that a box office knows, as a value to compare: books, receipts, codes. */
export function dump(state: BoxOffice): unknown {
  const sales = [...state.sales.keys()];
  const receipts = sales.map((sale) =>
    [...(state.purchases?.ofSale(sale) ?? [])].map((purchase) => ({ ...purchase })),
  );
  return structuredClone({ books: booksRecord(state), receipts });
}

export function stateAfter(events: readonly SaleEvent[], epoch = 1): BoxOffice {
  const state = createBoxOffice();
  for (const event of events) evolve(state, event, epoch);
  return state;
}
