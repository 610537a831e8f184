import type { BuyerId, Instant, PurchaseKey, SaleId, TicketCode } from "./sale.ts";

/** One sale's part of a purchase; `codes` holds one fresh code per ticket, made outside the core. */
export interface BuyItem {
  readonly sale: SaleId;
  readonly quantity: number;
  readonly codes: readonly TicketCode[];
}

export interface CreateSale {
  readonly type: "create";
  readonly sale: SaleId;
  readonly title: string;
  readonly capacity: number;
  /** Absent: the sale is open from the start. */
  readonly opensAt: Instant | null;
  /** Absent: the sale stays open until the organiser closes it. */
  readonly closesAt: Instant | null;
}

export interface QuerySale {
  readonly type: "query";
  readonly sale: SaleId;
}

export interface AuditSale {
  readonly type: "audit";
  readonly sale: SaleId;
}

/** All or nothing over its items, which name different sales. */
export interface Buy {
  readonly type: "buy";
  readonly items: readonly BuyItem[];
  readonly buyer: BuyerId;
  readonly key: PurchaseKey;
  /** The key was made for this very command, so nothing can have been bought with it: it isn't looked up. */
  readonly fresh?: boolean;
}

export interface Restock {
  readonly type: "restock";
  readonly sale: SaleId;
  readonly quantity: number;
}

export interface ChangePhase {
  readonly type: "open" | "pause" | "close";
  readonly sale: SaleId;
}

export type Command = CreateSale | QuerySale | AuditSale | Buy | Restock | ChangePhase;
