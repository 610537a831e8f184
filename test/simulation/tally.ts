/** Adds up histories, and says what they came by. */
import type { Outcome } from "./world.ts";

/** What many histories must have come by between them: each is a corner that the checks are there for. */
export const MUST_BE_REACHED: readonly string[] = [
  "torn frame recovered",
  "frame in flight found",
  "segment rolls",
  "snapshot used",
  "note snapshot",
  "note snapshot_skipped",
  "note no_room",
  "note room",
  "no room",
  "resumed with missed notices",
  "subscribed among commands",
  "retries with the same key",
  "refused as busy",
  "refused for flooding",
  "stalled readers",
  "half-open connections",
  "close 1000",
  "close 1001",
  "close 1008",
  "close 4001",
  "close 4002",
  "fault power_loss",
  "fault kill",
  "fault stop",
  "fault JOURNAL_FAILED",
  "start refused DISK_FAILED",
  "start refused DISK_FULL",
  "start refused JOURNAL_CORRUPT",
  "disk eio",
  "disk enospc",
  "disk short_write",
  "disk hang",
  "disk slow",
  "disk torn_write",
  "disk lost_write",
];

export interface Figures {
  histories: number;
  steps: number;
  lives: number;
  /** Commands that clients sent. */
  sent: number;
  /** Answers to purchases that clients read. */
  answers: number;
  /** Durable events, each of which was judged. */
  events: number;
  /** Answers that were given and not kept, and purchases carried out twice, over all histories. */
  lost: number;
  duplicated: number;
  violations: number;
  readonly counts: Record<string, number>;
}

export function newFigures(): Figures {
  return {
    histories: 0,
    steps: 0,
    lives: 0,
    sent: 0,
    answers: 0,
    events: 0,
    lost: 0,
    duplicated: 0,
    violations: 0,
    counts: {},
  };
}

export function addOutcome(figures: Figures, outcome: Outcome): void {
  const { steps, lives, sent, answers, events, violation, counts } = outcome;
  addFigures(figures, {
    histories: 1,
    steps,
    lives,
    sent,
    answers,
    events,
    lost: violation?.guarantee === 2 ? 1 : 0,
    duplicated: violation?.guarantee === 4 ? 1 : 0,
    violations: violation === null ? 0 : 1,
    counts: Object.fromEntries(counts),
  });
}

export function addFigures(to: Figures, more: Figures): void {
  for (const name of Object.keys(to) as (keyof Figures)[]) if (name !== "counts") to[name] += more[name];
  for (const [name, count] of Object.entries(more.counts)) to.counts[name] = (to.counts[name] ?? 0) + count;
}

/** The corners that none of them came by. */
export function missed({ counts }: Figures): string[] {
  return MUST_BE_REACHED.filter((name) => (counts[name] ?? 0) === 0);
}
