import type { BuyerId, Instant, Phase, PurchaseKey, SaleId, TicketCode } from "./sale.ts";

/**
 * What happened, as it stands in the journal. Every event carries the version of its own shape; a new shape gets a
 * new number and `evolve` keeps understanding the old ones, because a journal is never rewritten.
 */
interface Versioned {
  readonly v: 1;
  readonly at: Instant;
}

export interface SaleCreated extends Versioned {
  readonly type: "sale_created";
  readonly sale: SaleId;
  readonly title: string;
  readonly capacity: number;
  readonly phase: Phase;
  readonly opensAt: Instant | null;
  readonly closesAt: Instant | null;
}

export interface PurchasedItem {
  readonly sale: SaleId;
  /** Place in the sale's order of arrival, from 1, without gaps. */
  readonly order: number;
  /** Tickets left just after this purchase. */
  readonly remaining: number;
  readonly codes: readonly TicketCode[];
}

export interface Purchased extends Versioned {
  readonly type: "purchased";
  readonly buyer: BuyerId;
  readonly key: PurchaseKey;
  readonly items: readonly PurchasedItem[];
}

export interface SoldOut extends Versioned {
  readonly type: "sold_out";
  readonly sale: SaleId;
}

export interface Restocked extends Versioned {
  readonly type: "restocked";
  readonly sale: SaleId;
  readonly quantity: number;
}

export interface PhaseChanged extends Versioned {
  readonly type: "opened" | "paused" | "closed";
  readonly sale: SaleId;
}

export type SaleEvent = SaleCreated | Purchased | SoldOut | Restocked | PhaseChanged;

/** An upper bound of an event's bytes as JSON, cheap enough to ask for each one: what an append may hold is bounded. */
export function eventBytes(event: SaleEvent): number {
  if (event.type === "purchased") {
    let bytes = 128 + event.buyer.length + event.key.length;
    for (const item of event.items) {
      bytes += 96 + item.sale.length;
      for (const code of item.codes) bytes += code.length + 3;
    }
    return bytes;
  }
  // A title may hold characters that JSON writes as six.
  return 256 + event.sale.length + (event.type === "sale_created" ? event.title.length * 6 : 0);
}
