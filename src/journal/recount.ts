import type { Audit, SaleId } from "../box-office/sale.ts";
import { threadFolds, type FoldRunner } from "./fold-runner.ts";

export interface RecountOptions {
  /** The data directory. */
  readonly directory: string;
  readonly sale: SaleId;
  /** Events to count from the beginning; all of them must be durable. */
  readonly upTo: number;
  /** Where the counting is done; a thread of its own unless said otherwise. */
  readonly fold?: FoldRunner;
  /** That the journal is written with. */
  readonly maxFrameBytes: number;
}

/**
 * Counts a sale anew from what the disk says, beside the process that goes on selling, in constant memory. Whatever
 * the running totals say, this is what they are compared with.
 *
 * @throws {Error} if the sale doesn't exist at that offset, or the journal can't be read (`JOURNAL_CORRUPT`).
 */
export function recountSale(options: RecountOptions): Promise<Audit> {
  const { directory, sale, upTo, fold = threadFolds, maxFrameBytes } = options;
  return fold.recount({ kind: "recount", directory, sale, upTo, maxFrameBytes }).result;
}
