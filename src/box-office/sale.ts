/**
 * The nouns of the box office. A sale offers `capacity` identical tickets; each is available, held or sold, and
 * `available + held + sold = capacity` at every instant.
 */

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

export type SaleId = Branded<string, "SaleId">;
export type TicketCode = Branded<string, "TicketCode">;
/** Who buys: the id a program chose, or `ip:` and the address of a connection that gave none. */
export type BuyerId = Branded<string, "BuyerId">;
/** What makes a purchase happen once; unique per sale and buyer. */
export type PurchaseKey = Branded<string, "PurchaseKey">;
/** Epoch milliseconds by the engine's clock. */
export type Instant = number;

/** Where an event stands in the journal: offsets count events from 0 and never restart, epochs rise with each writer. */
export interface Position {
  readonly epoch: number;
  readonly offset: number;
}

/** What the organiser and the clock have done to a sale; whether tickets are left is not part of it. */
export type Phase = "scheduled" | "open" | "paused" | "closed";

/** What a buyer sees. `all_held` doesn't occur until holds exist. */
export type SaleState = "scheduled" | "open" | "all_held" | "sold_out" | "paused" | "closed";

/** A sale as the box office keeps it. `evolve` changes it in place; nothing else may. */
export interface Sale {
  readonly id: SaleId;
  readonly title: string;
  capacity: number;
  available: number;
  held: number;
  sold: number;
  phase: Phase;
  opensAt: Instant | null;
  readonly closesAt: Instant | null;
  /** Durable purchases so far, which is also the newest order number. */
  orders: number;
  /** Live ticket codes, counted apart from `sold` so that the audit compares two tallies. */
  tickets: number;
  /** Two 32-bit halves of the order-independent ticket hash (digest.ts). */
  digestHigh: number;
  digestLow: number;
  /** Offset and time of the newest event of this sale. */
  offset: number;
  at: Instant;
}

/** A sale at one position, copied out for readers: safe to keep, never changes. */
export interface SaleView {
  readonly sale: SaleId;
  readonly title: string;
  readonly state: SaleState;
  readonly capacity: number;
  readonly available: number;
  readonly held: number;
  readonly sold: number;
  readonly position: Position;
  readonly at: Instant;
  readonly opensAt: Instant | null;
  readonly closesAt: Instant | null;
}

/** What the books say of one sale, in O(1): every figure is kept up event by event. */
export interface Audit {
  readonly sale: SaleId;
  readonly capacity: number;
  readonly available: number;
  readonly held: number;
  readonly sold: number;
  readonly tickets: number;
  readonly balanced: boolean;
  readonly digest: string;
  readonly offset: number;
}

export function saleState(sale: Sale): SaleState {
  if (sale.phase !== "open") return sale.phase;
  if (sale.available > 0) return "open";
  return sale.held > 0 ? "all_held" : "sold_out";
}

export function viewSale(sale: Sale, epoch: number): SaleView {
  return {
    sale: sale.id,
    title: sale.title,
    state: saleState(sale),
    capacity: sale.capacity,
    available: sale.available,
    held: sale.held,
    sold: sale.sold,
    position: { epoch, offset: sale.offset },
    at: sale.at,
    opensAt: sale.opensAt,
    closesAt: sale.closesAt,
  };
}

export function isBalanced(sale: Sale): boolean {
  return (
    sale.available >= 0 &&
    sale.held >= 0 &&
    sale.available + sale.held + sale.sold === sale.capacity &&
    sale.tickets === sale.sold
  );
}
