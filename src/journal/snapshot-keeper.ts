/**
 * Decides when a snapshot is worth its while: when enough sealed journal lies after the newest one. At most one is folded at a
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
  readonly fold: FoldRunner | null;
  readonly onNote: (note: Note) => void;
}

export class SnapshotKeeper {
  readonly #parts: SnapshotKeeperParts;
  /** Bytes of sealed segments after the newest snapshot. */
  #bytes = 0;
  /** Where the sealed segments end. */
  #offset = 0;
  #running: Running<Folded> | null = null;
  #done: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: SnapshotKeeperParts) {
    this.#parts = parts;
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
    if (this.#bytes < limits.snapshotEveryBytes) return;
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
      const { path, purchases } = await running.result;
      this.#running = null;
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
