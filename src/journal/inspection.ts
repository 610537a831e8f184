/**
 * Looking at a data directory and saying what is wrong with it, all of it and not just the first thing: `verify`.
 * Nothing is changed, and a server may be selling all the while.
 *
 * It is stricter than a start. A start reads from the newest good snapshot on and believes the events; this reads every
 * segment there is, counts the books anew, and holds each snapshot against what the journal says at that point. Behind
 * damage the count can't go on by guessing: it goes on where a good snapshot stands, and until then only frames and
 * their chain are looked at.
 */
import { basename } from "node:path";
import { auditSale, createBoxOffice } from "../box-office/box-office.ts";
import type { SaleEvent } from "../box-office/event.ts";
import type { Audit, Instant } from "../box-office/sale.ts";
import { BACKUP_MARK, readMark } from "./backup-mark.ts";
import type { DataDirectory, NumberedFile } from "./data-directory.ts";
import type { Disk } from "./disk.ts";
import { asDiskFault, JournalCorrupt, NoJournal, systemCode } from "./fault.ts";
import type { FileHeader } from "./file-header.ts";
import type { JournalLimits } from "./limits.ts";
import { readOnlyDisk } from "./read-only-disk.ts";
import { recover } from "./recovery.ts";
import { findMisnamed, type Before } from "./segment.ts";
import { verifySnapshot, type VerifiedSnapshot } from "./snapshot.ts";
import { Tally } from "./tally.ts";
import { afterSegment, walkSegment, type Pause, type WalkedSegment } from "./walk.ts";

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

export interface InspectionOptions {
  readonly disk: Disk;
  readonly directory: DataDirectory;
  readonly limits: JournalLimits;
  /** How to wait where a server is writing; null where none is. */
  readonly pause: Pause | null;
}

/**
 * @throws {NoJournal} if no journal is there.
 * @throws {DiskFault} if the directory can't be read.
 */
export async function inspect(options: InspectionOptions): Promise<Inspection> {
  try {
    return await new Inspector({ ...options, disk: readOnlyDisk(options.disk) }).run();
  } catch (error) {
    throw asDiskFault(error, options.directory.path);
  }
}

class Inspector {
  readonly #options: InspectionOptions;
  readonly #directory: DataDirectory;
  readonly #findings: Finding[] = [];
  readonly #segments: SegmentReport[] = [];
  readonly #snapshots: SnapshotReport[] = [];
  /** What the next segment has to continue; null where damage came before it. */
  #before: Before | null = null;
  /** Null where damage came before and no snapshot has helped yet. */
  #tally: Tally | null = new Tally();
  #soundUpTo = 0;
  /** The sound segment that was read last. */
  #last = { file: "", bytes: 0 };
  #isBroken = false;

  constructor(options: InspectionOptions) {
    this.#options = options;
    this.#directory = options.directory;
  }

  async run(): Promise<Inspection> {
    const { disk } = this.#options;
    const { path, journal } = this.#directory;
    const names = await disk.list(path);
    const hasJournal = names.includes(basename(journal));
    // Snapshots first: one that is listed ends where a segment begins that is then listed too.
    const snapshots = names.includes(basename(this.#directory.snapshots))
      ? await this.#directory.snapshotFiles(disk)
      : [];
    const segments = hasJournal ? await this.#directory.segments(disk) : [];
    const misnamed = hasJournal ? await findMisnamed(disk, this.#directory, segments) : null;
    if (misnamed !== null) this.#found("journal", misnamed.file, 0, misnamed.what);
    else if (segments.length + snapshots.length === 0) throw new NoJournal(path);
    for (const segment of segments) {
      const snapshot = snapshots.find(({ offset }) => offset === segment.offset);
      await this.#inspectSegment(segment, snapshot ?? null, segment === segments.at(-1));
    }
    for (const snapshot of snapshots) {
      if (!segments.some(({ offset }) => offset === snapshot.offset)) await this.#inspectStray(snapshot);
    }
    const isBackup = names.includes(BACKUP_MARK);
    if (isBackup) await this.#compareWithMark();
    return this.#report(isBackup, isBackup ? null : hasJournal && (await this.#wouldStart()));
  }

  async #inspectSegment(file: NumberedFile, snapshot: NumberedFile | null, isLast: boolean): Promise<void> {
    const { disk, limits, pause } = this.#options;
    this.#continues(file);
    if (snapshot !== null) await this.#inspectSnapshot(snapshot);
    else if (this.#tally === null && this.#segments.length === 0)
      this.#found("journal", file.path, 0, "the segments before it are gone and no snapshot stands for them");
    const begins = file.offset === 0 ? null : "anything";
    try {
      const walked = await walkSegment(
        disk,
        file,
        this.#before ?? begins,
        { limits, isLast, pause },
        (events, epoch, position) => this.#count(file.path, events, epoch, position),
      );
      this.#take(file, walked);
    } catch (error) {
      if (!(error instanceof JournalCorrupt)) throw error;
      this.#found("journal", error.file, error.offset, error.what);
      const { path, offset: first } = file;
      this.#segments.push({
        file: path,
        first,
        events: null,
        epoch: null,
        before: null,
        bytes: null,
        torn: null,
      });
      this.#lose();
    }
  }

  /** Whether the file begins where the count stands. */
  #continues({ path, offset }: NumberedFile): void {
    const stands = this.#tally?.state.offset;
    if (stands === undefined || stands === offset) return;
    // The first one may begin later: older segments may be archived, if a snapshot stands for them.
    if (this.#segments.length > 0) {
      const what =
        stands < offset
          ? `events ${stands} to ${offset - 1} are missing`
          : `it repeats events from ${offset} on`;
      this.#found("journal", path, 0, what);
    }
    this.#lose();
  }

  #take({ path: file, offset: first }: NumberedFile, { header, end, torn }: WalkedSegment): void {
    this.#segments.push({
      file,
      first,
      events: end.offset - first,
      epoch: header.epoch,
      before: header.before,
      bytes: end.position,
      torn: torn === null ? null : { offset: torn.position, bytes: torn.bytes.length },
    });
    this.#last = { file, bytes: end.position };
    this.#before = afterSegment({ path: file, header, end, torn });
  }

  #count(file: string, events: readonly SaleEvent[], epoch: number, position: number): void {
    for (const event of events) {
      const wrong = this.#tally?.apply(event, epoch) ?? null;
      if (wrong !== null) this.#foundOnce("books", file, position, wrong);
    }
    if (!this.#isBroken && this.#tally !== null) this.#soundUpTo = this.#tally.state.offset;
  }

  /** Holds a snapshot against the count, or goes on counting from it where the count was lost. */
  async #inspectSnapshot(file: NumberedFile): Promise<void> {
    const { disk, limits } = this.#options;
    const { path, offset } = file;
    const report = (verdict: SnapshotReport["verdict"]): number =>
      this.#snapshots.push({ file: path, offset, verdict });
    const bad = (at: number, what: string): void => {
      report("bad");
      this.#found("snapshot", path, at, what);
    };
    const snapshot = await this.#verified(file);
    if (snapshot === null) return;
    if ("what" in snapshot) return bad(snapshot.at, snapshot.what);
    const tally = await Tally.ofSnapshot(disk, snapshot, limits.maxFrameBytes);
    if (tally.state.offset !== offset)
      return bad(0, `its books are those after ${tally.state.offset} events, and its name says ${offset}`);
    if (this.#before !== null && this.#before.hash !== snapshot.header.before)
      return bad(0, "it was made from other segments than those before it");
    if (this.#tally === null) {
      this.#tally = tally;
      this.#before ??= beforeOf(snapshot);
      report("whole");
    } else if (this.#tally.equals(tally)) report("agrees");
    else bad(0, "it isn't what the journal before it gives");
  }

  /** A snapshot at whose end no segment begins. */
  async #inspectStray(file: NumberedFile): Promise<void> {
    const snapshot = await this.#verified(file);
    if (snapshot === null) return;
    const { path, offset } = file;
    const isBad = "what" in snapshot;
    this.#snapshots.push({ file: path, offset, verdict: isBad ? "bad" : "whole" });
    if (isBad) this.#found("snapshot", path, snapshot.at, snapshot.what);
    else {
      const segment = this.#directory.segmentPath(offset);
      this.#found("journal", segment, 0, `it is missing, although ${path} says that it was begun`);
    }
  }

  /** Null where it is gone: a running server keeps two and removes the third. */
  async #verified(file: NumberedFile): Promise<Awaited<ReturnType<typeof verifySnapshot>> | null> {
    const { disk, limits, pause } = this.#options;
    try {
      return await verifySnapshot(disk, file, limits.maxFrameBytes);
    } catch (error) {
      if (pause !== null && systemCode(error) === "ENOENT") return null;
      throw error;
    }
  }

  /** A backup ends where its mark says: elsewhere nobody would miss a segment that is gone from the end. */
  async #compareWithMark(): Promise<void> {
    try {
      const { disk } = this.#options;
      const mark = await readMark(disk, this.#directory.path);
      const end = this.#end();
      if (end === null || JSON.stringify(end) === JSON.stringify(mark)) return;
      const { file, bytes } = this.#last;
      const what =
        end.log === mark.log
          ? `the journal ends there after ${end.first} events of epoch ${end.epoch}, and the backup was made of ${mark.first} of epoch ${mark.epoch}`
          : "the backup was made of another journal";
      this.#found("journal", file, bytes, what);
    } catch (error) {
      if (!(error instanceof JournalCorrupt)) throw error;
      this.#found("journal", error.file, error.offset, error.what);
    }
  }

  /** What a start says. Not asked while a server runs: it would take the frame being written for a torn one. */
  async #wouldStart(): Promise<boolean | null> {
    const { disk, limits, pause } = this.#options;
    if (pause !== null) return null;
    try {
      await recover(disk, this.#directory, limits, createBoxOffice("count"));
      return true;
    } catch (error) {
      if (!(error instanceof JournalCorrupt)) throw error;
      this.#foundOnce("journal", error.file, error.offset, error.what);
      return false;
    }
  }

  #end(): FileHeader | null {
    if (this.#tally === null || this.#before === null) return null;
    const { log, epoch, hash: before } = this.#before;
    return { log, epoch, first: this.#tally.state.offset, before };
  }

  #report(isBackup: boolean, starts: boolean | null): Inspection {
    const state = this.#tally?.state ?? createBoxOffice("count");
    return {
      directory: this.#directory.path,
      isBackup,
      end: this.#end(),
      segments: this.#segments,
      snapshots: this.#snapshots,
      findings: this.#findings,
      at: state.at,
      sales: [...state.sales.values()].map((sale) => auditSale(sale, state.offset)),
      soundUpTo: this.#soundUpTo,
      starts,
    };
  }

  /** The first of its kind in a file says enough: one wrong figure makes all that follow it wrong. */
  #foundOnce(kind: Finding["kind"], file: string, offset: number, what: string): void {
    if (!this.#findings.some((known) => known.file === file && known.kind === kind))
      this.#found(kind, file, offset, what);
  }

  #found(kind: Finding["kind"], file: string, offset: number, what: string): void {
    this.#findings.push({ kind, file, offset, what });
  }

  #lose(): void {
    this.#isBroken ||= this.#segments.length > 0;
    this.#tally = null;
    this.#before = null;
  }
}

function beforeOf({ header }: VerifiedSnapshot): Before {
  return { log: header.log, epoch: header.epoch, hash: header.before };
}
