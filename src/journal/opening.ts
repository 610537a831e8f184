/**
 * Opening the journal of a data directory: recover what it says, seal the segment that was open, begin a new one with
 * the next epoch. The order matters, because a crash may come between any two steps:
 *
 * 1. Everything is read first; if anything is wrong, nothing was changed.
 * 2. What a torn frame left is kept beside its segment before it is cut.
 * 3. The last segment is rewritten under its own name. Until then the old file stands there, with the same events.
 * 4. The new segment gets its name when it is whole. A segment that held no event has the same name and is replaced by
 *    it, so an epoch may be skipped but is never used twice by two writers that wrote anything.
 */
import { randomBytes } from "node:crypto";
import type { BoxOffice } from "../box-office/box-office.ts";
import type { Clock, Scheduler } from "../engine/ports.ts";
import { DataDirectory } from "./data-directory.ts";
import type { Disk } from "./disk.ts";
import { asDiskFault } from "./fault.ts";
import { FileJournal } from "./file-journal.ts";
import { encodeFileHeader, FILE_HEADER_BYTES, NOTHING_BEFORE, type FileHeader } from "./file-header.ts";
import { chainHash } from "./frame.ts";
import { assertLimits, DEFAULT_JOURNAL_LIMITS, type JournalLimits } from "./limits.ts";
import type { Lock } from "./lock.ts";
import type { Note } from "./note.ts";
import { recover, type Recovered } from "./recovery.ts";
import { Room } from "./room.ts";
import { keepTorn, seal } from "./sealing.ts";
import { threadFolds, type FoldRunner } from "./fold-runner.ts";
import { SnapshotKeeper } from "./snapshot-keeper.ts";

export interface OpenFileJournalOptions {
  /** The data directory; made if it isn't there. */
  readonly directory: string;
  readonly disk: Disk;
  /** Those left out are `DEFAULT_JOURNAL_LIMITS`. */
  readonly limits?: Partial<JournalLimits>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** New; brought to what the journal says. */
  readonly state: BoxOffice;
  /** Held by the caller until now and released by `close`. Null where nobody else can come (simulator, tests). */
  readonly lock: Lock | null;
  /** Where snapshots are folded: a thread of its own unless said otherwise; null writes none. */
  readonly fold?: FoldRunner | null;
  readonly onNote?: (note: Note) => void;
  /** Names a new log, in 32 hexadecimal digits; random unless said otherwise. */
  readonly newLog?: () => string;
}

export interface Replayed {
  /** Events read from segments; what a snapshot told isn't counted. */
  readonly events: number;
  readonly snapshotOffset: number | null;
  /** Bytes read from segments. */
  readonly bytes: number;
  readonly ms: number;
  /** What the last process left unfinished: it was never acknowledged, and is kept in this file. */
  readonly torn: { readonly path: string; readonly position: number; readonly bytes: number } | null;
}

/**
 * @throws {JournalCorrupt} if the files aren't what was written; nothing was changed.
 * @throws {DiskFault} if the system refuses to read or write them.
 * @throws {RangeError} if the limits contradict each other.
 */
export async function openFileJournal(
  options: OpenFileJournalOptions,
): Promise<{ readonly journal: FileJournal; readonly replayed: Replayed }> {
  try {
    return await open(options, { ...DEFAULT_JOURNAL_LIMITS, ...options.limits });
  } catch (error) {
    throw asDiskFault(error, options.directory);
  }
}

async function open(
  options: OpenFileJournalOptions,
  limits: JournalLimits,
): Promise<{ readonly journal: FileJournal; readonly replayed: Replayed }> {
  assertLimits(limits);
  const { disk, clock, scheduler, state, lock, onNote = () => undefined } = options;
  const directory = new DataDirectory(options.directory);
  const started = clock.monotonic();
  await directory.make(disk);
  const recovered = await recover(disk, directory, limits, state);
  for (const { path, why } of recovered.skipped) {
    onNote({ kind: "snapshot_skipped", message: `${path} was passed over: ${why}` });
  }
  await directory.removeUnfinished(disk);
  const torn = await settleLast(disk, limits, recovered, onNote);
  const header = nextHeader(recovered, state, options.newLog ?? randomLog);
  const room = await Room.begin(
    {
      disk,
      directory,
      limits,
      scheduler,
      onTrouble: (why) => {
        onNote(
          why === null
            ? { kind: "room", message: "space can be made for the journal again" }
            : { kind: "no_room", message: why },
        );
      },
    },
    header,
  );
  const keeper = new SnapshotKeeper({
    directory,
    limits,
    newestBytes: recovered.snapshot?.bytes ?? 0,
    fold: options.fold === undefined ? threadFolds : options.fold,
    onNote,
  });
  keeper.sealed(header.first, recovered.bytes);
  const journal = new FileJournal({
    clock,
    limits,
    room,
    header,
    hash: chainHash(encodeFileHeader("SEGMENT", header)),
    onSealed: (offset, bytes) => keeper.sealed(offset, bytes),
    release: async () => {
      await keeper.close();
      await lock?.release();
    },
  });
  const { events, bytes, snapshot } = recovered;
  const ms = clock.monotonic() - started;
  return { journal, replayed: { events, bytes, ms, snapshotOffset: snapshot?.header.first ?? null, torn } };
}

async function settleLast(
  disk: Disk,
  limits: JournalLimits,
  { last }: Recovered,
  onNote: (note: Note) => void,
): Promise<Replayed["torn"]> {
  if (last === null) return null;
  const path = await keepTorn(disk, last);
  if (last.end.position > FILE_HEADER_BYTES) await seal(disk, limits, last);
  if (path === null || last.torn === null) return null;
  const torn = { path, position: last.torn.position, bytes: last.torn.bytes.length };
  onNote({
    kind: "torn",
    message: `${last.path} ended in an unfinished write at byte ${torn.position}; nobody was answered from it, and its ${torn.bytes} bytes are kept in ${path}`,
  });
  return torn;
}

function nextHeader({ last }: Recovered, state: BoxOffice, newLog: () => string): FileHeader {
  if (last === null) {
    return { log: newLog(), epoch: 1, first: 0, before: NOTHING_BEFORE };
  }
  const isEmpty = last.end.position === FILE_HEADER_BYTES;
  return {
    log: last.header.log,
    epoch: last.header.epoch + 1,
    first: state.offset,
    before: isEmpty ? last.header.before : last.end.hash.toString("hex"),
  };
}

function randomLog(): string {
  return randomBytes(16).toString("hex");
}
