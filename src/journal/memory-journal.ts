/** A journal that forgets: for trials and demonstrations. Durable here means that the process remembers it. */
import type { SaleEvent } from "../box-office/event.ts";
import type { AppendResult, Journal } from "../engine/ports.ts";
import { DEFAULT_JOURNAL_LIMITS } from "./limits.ts";

export interface MemoryJournalOptions {
  /** Random, so that positions of two runs are never taken for one another. */
  readonly epoch: number;
}

export function openMemoryJournal({ epoch }: MemoryJournalOptions): Journal {
  let closed = false;
  return {
    epoch,
    maxAppendBytes: DEFAULT_JOURNAL_LIMITS.maxFrameBytes,
    append(_events: readonly SaleEvent[]): Promise<AppendResult> {
      return Promise.resolve(
        closed ? { kind: "unknown", message: "the journal is closed", cause: null } : { kind: "durable" },
      );
    },
    health: () => (closed ? { ok: false, why: "the journal is closed" } : { ok: true }),
    hasRoom: () => true,
    close(): Promise<void> {
      closed = true;
      return Promise.resolve();
    },
  };
}
