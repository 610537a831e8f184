/** Where the long reading is done: in a thread of its own in production, in place where a test wants to watch. */
import type { Audit, SaleId } from "../box-office/sale.ts";

export interface FoldJob {
  readonly kind: "snapshot";
  readonly directory: string;
  /** The snapshot holds the events before this offset, at which a segment begins. */
  readonly upTo: number;
  readonly maxFrameBytes: number;
}

export interface RecountJob {
  readonly kind: "recount";
  readonly directory: string;
  readonly sale: SaleId;
  readonly upTo: number;
  readonly maxFrameBytes: number;
}

export interface Folded {
  readonly path: string;
  readonly bytes: number;
  readonly purchases: number;
}

export interface Running<T> {
  readonly result: Promise<T>;
  /** Gives it up; the result then rejects. */
  cancel(): Promise<void>;
}

export interface FoldRunner {
  snapshot(job: FoldJob): Running<Folded>;
  recount(job: RecountJob): Running<Audit | null>;
}
