import { LIMITS, type Limits } from "../../src/limits.ts";

/** Production's limits, made so small that a short history runs into each of them. */
export const SMALL_LIMITS: Limits = {
  ...LIMITS,
  rules: { maxQuantity: 10, maxCapacity: 100_000, maxSales: 8 },
  engine: { mailbox: 12, mailboxReserve: 3, batchCommands: 4 },
  journal: {
    segmentBytes: 18_432,
    stepBytes: 18_432,
    roomAheadBytes: 17_500,
    // A batch ends 16 KiB below this: after two or three purchases.
    maxFrameBytes: 17_408,
    syncHangMs: 300,
    roomRetryMs: 50,
    lookMs: 500,
    snapshotEveryBytes: 1_500,
  },
  hub: {
    intervalMs: 50,
    longestIntervalMs: 200,
    sliceMs: 1,
    lookMs: 50,
    busyShare: 0.18,
    idleShare: 0.9,
    yielding: 1.5,
    notices: 16,
    resumedNotices: 4,
    presenceMs: 100,
  },
  session: { ...LIMITS.session, pendingReplies: 6, floodRefusals: 5, floodCloseMs: 50 },
  output: { softBytes: 600, hardBytes: 2_400, slowMs: 400 },
  // Their clock is the machine's, which the simulation has no time for.
  workers: { ...LIMITS.workers, reportMs: 2 ** 30 },
  websocket: { ...LIMITS.websocket, pingMs: 400, missedPongs: 2, sweepParts: 4, closeTimeoutMs: 200 },
};

/** What one connection may hold at most: what it had when it stopped reading, its last answers, and one round of pushes. */
export const MOST_BACKLOG_BYTES = SMALL_LIMITS.output.hardBytes + 6_000;

/** Within so many milliseconds everybody is answered and told, unless the disk itself is in trouble. */
export const PATIENCE_MS = 500;
