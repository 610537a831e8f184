import type { SaleId } from "../box-office/sale.ts";

export interface FoldJob {
  readonly kind: "snapshot";
  /** The data directory. */
  readonly directory: string;
  /** The snapshot holds the events before this offset, at which a segment begins. */
  readonly upTo: number;
  readonly maxFrameBytes: number;
}

export interface RecountJob {
  readonly kind: "recount";
  readonly directory: string;
  readonly sale: SaleId;
  /** The events before this offset are counted; all of them are durable. */
  readonly upTo: number;
  readonly maxFrameBytes: number;
}

export interface Folded {
  readonly path: string;
  readonly bytes: number;
  readonly purchases: number;
}
