import type { PurchasedItem } from "./event.ts";
import type { Audit, Instant, Position, SaleView } from "./sale.ts";

/** An expected no. A value, never thrown; it leaves no trace in the journal. */
export type Rejection =
  | { readonly reason: "sold_out" }
  | { readonly reason: "insufficient_stock"; readonly remaining: number }
  | { readonly reason: "bad_quantity"; readonly max: number }
  | { readonly reason: "bad_items" }
  | { readonly reason: "idempotency_mismatch" }
  | { readonly reason: "not_open"; readonly opensInMs: number }
  | { readonly reason: "paused" }
  | { readonly reason: "closed" }
  | { readonly reason: "busy" }
  | { readonly reason: "unknown_sale" }
  | { readonly reason: "sale_exists" }
  | { readonly reason: "too_many_sales" }
  | { readonly reason: "bad_times" };

/** What a purchase was answered with, and is answered with again whenever its key returns. */
export interface Receipt {
  readonly kind: "receipt";
  readonly items: readonly PurchasedItem[];
  readonly position: Position;
  readonly at: Instant;
  /** True when the key had bought before and nothing was bought now. */
  readonly repeated: boolean;
}

export interface Rejected {
  readonly kind: "rejected";
  readonly rejection: Rejection;
}

export interface Stock {
  readonly kind: "stock";
  readonly view: SaleView;
}

export interface Audited {
  readonly kind: "audit";
  readonly audit: Audit;
}

/** `stock` answers queries and the organiser's commands alike: the sale as it is just after the command. */
export type Answer = Receipt | Rejected | Stock | Audited;

export function rejected(rejection: Rejection): Rejected {
  return { kind: "rejected", rejection };
}
