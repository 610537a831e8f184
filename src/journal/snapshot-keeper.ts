/**
 * Decides when a snapshot is worth its while: when enough sealed journal lies after the newest one. Each is copied from the
 * one before it, so they are further apart the longer they get; at a fixed distance all of them together would write as
 * much as the square of what is sold (docs/decisions/0018-snapshots-grow-with-the-sale.md). At most one is folded at a
 * time. One that fails is reported: without it a start is slower, nothing else. What made it fail, such as damage in an
 * old segment, may last, and each try reads the journal beside the sale; so the next one waits until there is twice as much.
 */
import type { DataDirectory } from "./data-directory.ts";
import { isDamage, messageOf } from "./fault.ts";
import type { Folded } from "./fold-job.ts";
import type { FoldRunner, Running } from "./fold-runner.ts";
import type { JournalLimits } from "./limits.ts";
import type { Note } from "./note.ts";

export interface SnapshotKeeperParts {
  readonly directory: DataDirectory;
  readonly limits: JournalLimits;
  /** Length of the newest good snapshot; 0 where there is none. */
  readonly newestBytes: number;
  readonly fold: FoldRunner | null;
  readonly onNote: (note: Note) => void;
}

export class SnapshotKeeper {
  readonly #parts: SnapshotKeeperParts;
  /** Bytes of sealed segments after the newest snapshot. */
  #bytes = 0;
  /** Length of that snapshot. */
  #newestBytes: number;
  /** After one that failed: how many bytes there have to be for the next try. */
  #againBytes = 0;
  /** Where the sealed segments end. */
  #offset = 0;
  #running: Running<Folded> | null = null;
  #done: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: SnapshotKeeperParts) {
    this.#parts = parts;
    this.#newestBytes = parts.newestBytes;
  }

  /** A segment was sealed: everything before `offset` will never change again. */
  sealed(offset: number, bytes: number): void {
    this.#offset = offset;
    this.#bytes += bytes;
    this.#consider();
  }

  /** Gives up the one that is being folded. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running?.cancel();
    await this.#done;
  }

  #consider(): void {
    const { fold, limits, directory } = this.#parts;
    if (fold === null || this.#closed || this.#running !== null) return;
    if (this.#bytes < Math.max(dueAfter(limits, this.#newestBytes), this.#againBytes)) return;
    const { maxFrameBytes } = limits;
    this.#running = fold.snapshot({
      kind: "snapshot",
      directory: directory.path,
      upTo: this.#offset,
      maxFrameBytes,
    });
    this.#done = this.#finish(this.#running, this.#bytes);
  }

  async #finish(running: Running<Folded>, bytes: number): Promise<void> {
    const { onNote } = this.#parts;
    try {
      const { path, bytes: length, purchases } = await running.result;
      this.#running = null;
      this.#newestBytes = length;
      this.#bytes -= bytes;
      this.#againBytes = 0;
      onNote({ kind: "snapshot", message: `${path} holds ${purchases} purchases` });
      this.#consider();
    } catch (error) {
      this.#running = null;
      if (this.#closed) return;
      this.#againBytes = 2 * this.#bytes;
      onNote({ kind: "snapshot_failed", message: explainFailure(error) });
    }
  }
}

/**
 * Bytes of sealed journal after which the next snapshot is due: once the newest is as long as the limit, as many as that
 * one has. So a fold copies at most as much as was sealed since the last one, and all of them together no more than a few
 * times the journal.
 */
function dueAfter({ snapshotEveryBytes }: JournalLimits, newestBytes: number): number {
  return Math.max(snapshotEveryBytes, newestBytes);
}

/** In one line, for whoever has a sale to run: what `JournalCorrupt` advises for a start would end it. */
function explainFailure(error: unknown): string {
  const again = "It is tried again when the journal has grown as much again";
  if (!isDamage(error)) {
    return `no snapshot could be written: ${messageOf(error)}. The sale goes on, and the next start takes longer. ${again}`;
  }
  const { file, offset, what } = error;
  return (
    `no snapshot could be written: ${file} is damaged at byte ${offset}: ${what}. The sale goes on, but a start may ` +
    `refuse this journal: bilheteria verify tells what to do. ${again}`
  );
}
