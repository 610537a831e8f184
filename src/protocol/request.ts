import type { BuyerId, Position, PurchaseKey } from "../box-office/sale.ts";
import type { Refusal } from "./refusals.ts";

/** What one line or message asks for, whatever the dialect it came in. */
export type Request =
  | { readonly type: "query"; readonly id?: string }
  | {
      readonly type: "buy";
      readonly quantity: number;
      /** Absent in the text dialect when the buyer gave none. */
      readonly key?: PurchaseKey;
      readonly buyer?: BuyerId;
    }
  | { readonly type: "tickets" }
  | { readonly type: "subscribe"; readonly from?: Position; readonly snapshot: boolean }
  | { readonly type: "unsubscribe" }
  | { readonly type: "help" }
  | { readonly type: "quit" }
  | { readonly type: "refused"; readonly refusal: Refusal; readonly id?: string };

export interface RequestLimits {
  /** Tickets in one purchase. */
  readonly maxQuantity: number;
  /** UTF-8 bytes in one line of the text dialect. */
  readonly lineBytes: number;
}

const KEY = /^[A-Za-z0-9_-]{1,64}$/;

export function isPurchaseKey(text: string): text is PurchaseKey {
  return KEY.test(text);
}
