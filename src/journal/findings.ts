/**
 * What an inspection has to say: a report on each file, and what is wrong, in the words that `verify` prints. Which of it
 * is so is found out in inspection.ts; whoever reads a damaged file words the damage itself (segment.ts, snapshot.ts).
 */
import type { Audit, Instant } from "../box-office/sale.ts";
import type { NumberedFile } from "./data-directory.ts";
import type { JournalCorrupt } from "./fault.ts";
import type { FileHeader } from "./file-header.ts";
import type { WalkedSegment } from "./walk.ts";

/**
 * `journal`: a segment isn't what was written, or is missing. `snapshot`: a shortcut can't be used. `books`: the bytes
 * are what was written, and what they say makes no sense.
 */
export interface Finding {
  readonly kind: "journal" | "snapshot" | "books";
  readonly file: string;
  /** Byte offset in the file. */
  readonly offset: number;
  readonly what: string;
}

export interface SegmentReport {
  readonly file: string;
  /** Offset of its first event. */
  readonly first: number;
  /** Null where it is damaged. */
  readonly events: number | null;
  readonly epoch: number | null;
  /** The hash that it continues, see file-header.ts. */
  readonly before: string | null;
  /** Where its sound frames end, in bytes. */
  readonly bytes: number | null;
  /** What an unfinished write left at its end; nobody was answered from it. */
  readonly torn: { readonly offset: number; readonly bytes: number } | null;
}

export interface SnapshotReport {
  readonly file: string;
  /** It holds the events before this one. */
  readonly offset: number;
  /** `whole`: it is what was written, and there was nothing to hold it against. */
  readonly verdict: "agrees" | "whole" | "bad";
}

export interface Inspection {
  readonly directory: string;
  /** It has the mark of a backup, and was compared with it. */
  readonly isBackup: boolean;
  /** Where the journal ends: its log, newest epoch, number of events, and chain; null where damage is in the way. */
  readonly end: FileHeader | null;
  readonly segments: readonly SegmentReport[];
  readonly snapshots: readonly SnapshotReport[];
  readonly findings: readonly Finding[];
  /** The books at the end, and the time of the newest event; no sales where there is no end. */
  readonly at: Instant;
  readonly sales: readonly Audit[];
  /** Where everything from the beginning is sound up to, if there is damage: the next event's offset. */
  readonly soundUpTo: number;
  /** Whether a server would start on it; null while one is running, and of a backup, from which none sells. */
  readonly starts: boolean | null;
}

/** Gathers them in the order in which they are found. */
export class Findings {
  readonly #findings: Finding[] = [];
  readonly #segments: SegmentReport[] = [];
  readonly #snapshots: SnapshotReport[] = [];

  /** Whether a segment has been read to its end or to the damage in it. */
  get hasSegments(): boolean {
    return this.#segments.length > 0;
  }

  /** Whether it is a snapshot in which something was found. */
  isBad(path: string | undefined): boolean {
    return this.#snapshots.some(({ file, verdict }) => file === path && verdict === "bad");
  }

  all(): Pick<Inspection, "segments" | "snapshots" | "findings"> {
    return { segments: this.#segments, snapshots: this.#snapshots, findings: this.#findings };
  }

  segment({ path: file, offset: first }: NumberedFile, { header, end, torn }: WalkedSegment): void {
    this.#segments.push({
      file,
      first,
      events: end.offset - first,
      epoch: header.epoch,
      before: header.before,
      bytes: end.position,
      torn: torn === null ? null : { offset: torn.position, bytes: torn.bytes.length },
    });
  }

  damagedSegment({ path: file, offset: first }: NumberedFile, damage: JournalCorrupt): void {
    this.damage(damage);
    const unknown = { events: null, epoch: null, before: null, bytes: null, torn: null };
    this.#segments.push({ file, first, ...unknown });
  }

  snapshot({ path: file, offset }: NumberedFile, verdict: SnapshotReport["verdict"]): void {
    this.#snapshots.push({ file, offset, verdict });
  }

  badSnapshot(file: NumberedFile, at: number, what: string): void {
    this.snapshot(file, "bad");
    this.#found("snapshot", file.path, at, what);
  }

  damage({ file, offset, what }: JournalCorrupt): void {
    this.#found("journal", file, offset, what);
  }

  /** Damage that may be what was found already. */
  damageAgain({ file, offset, what }: JournalCorrupt): void {
    this.#foundOnce("journal", file, offset, what);
  }

  /** An event that makes no sense, in the frame at this byte. */
  senseless(file: string, position: number, what: string): void {
    this.#foundOnce("books", file, position, what);
  }

  madeFromOthers(file: NumberedFile): void {
    this.badSnapshot(file, 0, "it was made from other segments than those before it");
  }

  disagrees(file: NumberedFile): void {
    this.badSnapshot(file, 0, "it isn't what the journal before it gives");
  }

  /** A backup that ends at this byte, and not where its mark says. */
  endsElsewhere(file: string, bytes: number, end: FileHeader, mark: FileHeader): void {
    const what =
      end.log === mark.log
        ? `the journal ends there after ${end.first} events of epoch ${end.epoch}, and the backup was made of ${mark.first} of epoch ${mark.epoch}`
        : "the backup was made of another journal";
    this.#found("journal", file, bytes, what);
  }

  /** The first of its kind in a file says enough: one wrong figure makes all that follow it wrong. */
  #foundOnce(kind: Finding["kind"], file: string, offset: number, what: string): void {
    if (!this.#findings.some((known) => known.file === file && known.kind === kind))
      this.#found(kind, file, offset, what);
  }

  #found(kind: Finding["kind"], file: string, offset: number, what: string): void {
    this.#findings.push({ kind, file, offset, what });
  }
}
