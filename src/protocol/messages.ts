/**
 * The JSON dialect, message by message: what programs and the page send and receive. Shared with the browser, so
 * this file has no imports but types.
 */
import type { Position, SaleState } from "../box-office/sale.ts";

export const JSON_SUBPROTOCOL = "bilheteria.json.v1";

export type NoticeKind = "sold_out" | "opened" | "paused" | "closed" | "restocked";

export type ClientMessage =
  | { readonly type: "query"; readonly id?: string }
  | { readonly type: "buy"; readonly id: string; readonly quantity: number; readonly buyer?: string }
  | { readonly type: "subscribe"; readonly from?: Position };

export interface HelloMessage {
  readonly type: "hello";
  readonly server: string;
  readonly protocol: typeof JSON_SUBPROTOCOL;
  readonly serverTime: number;
  readonly sale: string;
  readonly title: string;
  /** Tickets that one purchase may ask for at most. */
  readonly maxQuantity: number;
  /** Another one than before means that everything was begun anew: earlier receipts aren't of this sale. */
  readonly journal: string;
  /** Only where it is so: this server sells without its queue, wrongly on purpose. Nothing that it says can be trusted. */
  readonly unsafe?: true;
}

export interface StockMessage {
  readonly type: "stock";
  /** Only in the answer to a query that had one. */
  readonly id?: string;
  readonly sale: string;
  readonly state: SaleState;
  readonly capacity: number;
  readonly available: number;
  readonly held: number;
  readonly sold: number;
  readonly position: Position;
  readonly at: number;
  readonly opensAt: number | null;
}

export interface ReceiptMessage {
  readonly type: "receipt";
  readonly id: string;
  readonly sale: string;
  readonly tickets: readonly { readonly code: string }[];
  readonly remaining: number;
  readonly order: number;
  readonly position: Position;
  readonly at: number;
}

export interface RejectedMessage {
  readonly type: "rejected";
  readonly id?: string;
  readonly reason: string;
  /** In Portuguese, as the text dialect says it after `ERRO: `. */
  readonly message: string;
  /** With `insufficient_stock`: tickets left. */
  readonly remaining?: number;
  /** With `bad_quantity`: the most that may be asked for. */
  readonly max?: number;
  /** With `not_open` and `rate_limited`: milliseconds to wait. */
  readonly retryAfterMs?: number;
}

export interface NoticeMessage {
  readonly type: "notice";
  readonly kind: NoticeKind;
  readonly sale: string;
  readonly position: Position;
  readonly at: number;
  /** With `restocked`: tickets added. */
  readonly quantity?: number;
}

export interface PresenceMessage {
  readonly type: "presence";
  readonly watching: number;
}

export interface ErrorMessage {
  readonly type: "error";
  readonly id?: string;
  readonly code: "bad_message";
  readonly message: string;
}

export type ServerMessage =
  | HelloMessage
  | StockMessage
  | ReceiptMessage
  | RejectedMessage
  | NoticeMessage
  | PresenceMessage
  | ErrorMessage;
