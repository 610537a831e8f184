/**
 * Decides when a snapshot is worth its while: when enough sealed journal lies after the newest one. Each is copied from the
 * one before it, so they are further apart the longer they get; at a fixed distance all of them together would write as
 * much as the square of what is sold (docs/decisions/0018-snapshots-grow-with-the-sale.md). At most one is folded at a
 * time, and one that fails is reported and tried again at the next seal: without it a start is slower, nothing else.
 */
import type { DataDirectory } from "./data-directory.ts";
import { messageOf } from "./fault.ts";
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
    if (this.#bytes < dueAfter(limits, this.#newestBytes)) return;
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
      onNote({ kind: "snapshot", message: `${path} holds ${purchases} purchases` });
      this.#consider();
    } catch (error) {
      this.#running = null;
      if (this.#closed) return;
      onNote({ kind: "snapshot_failed", message: `no snapshot could be written: ${messageOf(error)}` });
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
