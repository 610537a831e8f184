/**
 * Looking at a data directory and finding what is wrong with it, all of it and not just the first thing: `verify`.
 * Nothing is changed, and a server may be selling all the while. How it is told is in findings.ts.
 *
 * It is stricter than a start. A start reads from the newest good snapshot on and believes the events; this reads every
 * segment there is, counts the books anew, and holds each snapshot against what the journal says at that point. Behind
 * damage the count can't go on by guessing: it goes on where a good snapshot stands, and until then only frames and
 * their chain are looked at.
 */
import { basename } from "node:path";
import { auditSale, createBoxOffice } from "../box-office/box-office.ts";
import type { SaleEvent } from "../box-office/event.ts";
import { BACKUP_MARK, readMark } from "./backup-mark.ts";
import type { DataDirectory, NumberedFile } from "./data-directory.ts";
import type { Disk } from "./disk.ts";
import { asDiskFault, JournalCorrupt, NoJournal, systemCode } from "./fault.ts";
import type { FileHeader } from "./file-header.ts";
import { Findings, type Inspection } from "./findings.ts";
import type { JournalLimits } from "./limits.ts";
import { readOnlyDisk } from "./read-only-disk.ts";
import { recover } from "./recovery.ts";
import { findMisnamed, missingAfter, nothingBefore, outOfTurn, type Before } from "./segment.ts";
import { verifySnapshot, type VerifiedSnapshot } from "./snapshot.ts";
import { Tally } from "./tally.ts";
import { afterSegment, walkSegment, type Pause, type WalkedSegment } from "./walk.ts";

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
  readonly #findings = new Findings();
  /** What the next segment has to continue; null where damage came before it. */
  #before: Before | null = null;
  /** Null where damage came before and no snapshot has helped yet. */
  #tally: Tally | null = new Tally();
  #soundUpTo = 0;
  /** The sound segment that was read last. */
  #last = { file: "", bytes: 0 };
  #isBroken = false;
  /** The snapshot that a start takes up: the newest whose bytes are sound, whatever they say. */
  #newest: { readonly path: string; readonly isReadable: boolean } | null = null;

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
    if (misnamed !== null) this.#findings.damage(misnamed);
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
    else if (this.#tally === null && !this.#findings.hasSegments) this.#findings.damage(nothingBefore(file));
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
      this.#findings.damagedSegment(file, error);
      this.#lose();
    }
  }

  /** Whether the file begins where the count stands. */
  #continues(file: NumberedFile): void {
    const stands = this.#tally?.state.offset;
    if (stands === undefined || stands === file.offset) return;
    // The first one may begin later: older segments may be archived, if a snapshot stands for them.
    if (this.#findings.hasSegments) this.#findings.damage(outOfTurn(file, stands));
    this.#lose();
  }

  #take(file: NumberedFile, walked: WalkedSegment): void {
    this.#findings.segment(file, walked);
    this.#last = { file: file.path, bytes: walked.end.position };
    this.#before = afterSegment(walked);
  }

  #count(file: string, events: readonly SaleEvent[], epoch: number, position: number): void {
    for (const event of events) {
      const wrong = this.#tally?.apply(event, epoch) ?? null;
      if (wrong !== null) this.#findings.senseless(file, position, wrong);
    }
    if (!this.#isBroken && this.#tally !== null) this.#soundUpTo = this.#tally.state.offset;
  }

  /** Holds a snapshot against the count, or goes on counting from it where the count was lost. */
  async #inspectSnapshot(file: NumberedFile): Promise<void> {
    const snapshot = await this.#verified(file);
    if (snapshot === null) return;
    if ("what" in snapshot) return this.#findings.badSnapshot(file, snapshot.at, snapshot.what);
    const tally = await this.#tallyOf(file, snapshot);
    this.#newest = { path: file.path, isReadable: tally !== null };
    if (tally === null) return;
    if (this.#before !== null && this.#before.hash !== snapshot.header.before)
      return this.#findings.madeFromOthers(file);
    if (this.#tally === null) {
      this.#tally = tally;
      this.#before ??= beforeOf(snapshot);
      this.#findings.snapshot(file, "whole");
    } else if (this.#tally.equals(tally)) this.#findings.snapshot(file, "agrees");
    else this.#findings.disagrees(file);
  }

  /** Null where its bytes are sound, and what they say isn't a snapshot. */
  async #tallyOf(file: NumberedFile, snapshot: VerifiedSnapshot): Promise<Tally | null> {
    const { disk, limits } = this.#options;
    try {
      return await Tally.ofSnapshot(disk, snapshot, limits.maxFrameBytes);
    } catch (error) {
      if (!(error instanceof JournalCorrupt)) throw error;
      this.#findings.badSnapshot(file, error.offset, error.what);
      return null;
    }
  }

  /** A snapshot at whose end no segment begins. */
  async #inspectStray(file: NumberedFile): Promise<void> {
    const snapshot = await this.#verified(file);
    if (snapshot === null) return;
    if ("what" in snapshot) return this.#findings.badSnapshot(file, snapshot.at, snapshot.what);
    this.#findings.snapshot(file, "whole");
    this.#findings.damage(missingAfter(file, this.#directory.segmentPath(file.offset)));
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
      this.#findings.endsElsewhere(this.#last.file, this.#last.bytes, end, mark);
    } catch (error) {
      if (!(error instanceof JournalCorrupt)) throw error;
      this.#findings.damage(error);
    }
  }

  /** What a start says. Not asked while a server runs: it would take the frame being written for a torn one. */
  async #wouldStart(): Promise<boolean | null> {
    const { disk, limits, pause } = this.#options;
    if (pause !== null) return null;
    // Where it only counts, as here, it doesn't look at the purchases of a snapshot.
    if (this.#newest?.isReadable === false) return false;
    try {
      await recover(disk, this.#directory, limits, createBoxOffice("count"));
      return true;
    } catch (error) {
      if (!(error instanceof JournalCorrupt)) throw error;
      // A start that takes up a bad snapshot blames the segment behind it, which was looked at here already.
      if (!this.#findings.isBad(this.#newest?.path)) this.#findings.damageAgain(error);
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
      ...this.#findings.all(),
      at: state.at,
      sales: [...state.sales.values()].map((sale) => auditSale(sale, state.offset)),
      soundUpTo: this.#soundUpTo,
      starts,
    };
  }

  #lose(): void {
    this.#isBroken ||= this.#findings.hasSegments;
    this.#tally = null;
    this.#before = null;
  }
}

function beforeOf({ header }: VerifiedSnapshot): Before {
  return { log: header.log, epoch: header.epoch, hash: header.before };
}
