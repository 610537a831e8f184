/** Where a server keeps what it knows: a data directory, or nowhere with `--memory`. */
import { randomBytes, randomInt } from "node:crypto";
import { keepAddressKey, makeAddressKey } from "./address-key.ts";
import { makeAdminToken, readAdminToken, writeAdminToken, type AdminToken } from "./admin-token.ts";
import type { BoxOffice } from "./box-office/box-office.ts";
import type { Audit, SaleId } from "./box-office/sale.ts";
import { ConfigError, type Settings } from "./config.ts";
import type { Cancel, Journal } from "./engine/ports.ts";
import { systemClock, systemScheduler } from "./engine/system.ts";
import { assertNoBackup } from "./journal/backup-mark.ts";
import { setAside } from "./journal/data-directory.ts";
import { watchDirectory } from "./journal/directory-watch.ts";
import { asDiskFault } from "./journal/fault.ts";
import { lockDirectory, type Lock } from "./journal/lock.ts";
import { openMemoryJournal } from "./journal/memory-journal.ts";
import { nodeDisk } from "./journal/node-disk.ts";
import { recountSale } from "./journal/recount.ts";
import { openFileJournal, type Replayed } from "./journal/opening.ts";
import type { ServerOptions } from "./server-options.ts";

export interface Storage {
  readonly journal: Journal;
  /** Tells this journal from one that is begun anew in its place, in 32 hexadecimal digits. */
  readonly journalId: string;
  /** What the start found; null with `--memory`. */
  readonly replayed: Replayed | null;
  readonly adminToken: AdminToken;
  /** What pseudonyms are made with; null where addresses may be kept. */
  readonly addressKey: string | null;
  /** Counts a sale anew from the journal up to an offset; null where there is no journal. */
  readonly recount: ((sale: SaleId, upTo: number) => Promise<Audit>) | null;
  /** Tells, until the journal is closed, when its files were deleted, moved or replaced; null where there are none. */
  readonly watch: ((onGone: (why: string) => void) => void) | null;
}

/** What the storage asks of the server that opens it. */
export interface StorageQuestions {
  /** What a second process is told about this one. */
  readonly describe: () => string;
  /**
   * Throws if this start can't succeed, and then the directory is left as it was: a start that changes it and fails
   * would leave the next one what it didn't ask for, such as a sale of another size.
   */
  readonly beforeChange: () => Promise<void>;
  /** The same, for what only the replay tells: `state` is what the journal says, and no token was made yet. */
  readonly afterReplay: () => void;
}

type StorageOptions = Pick<ServerOptions, "logger" | "limits">;

/**
 * Opens the storage that the settings ask for and brings `state` to what it says.
 *
 * @throws {ConfigError} if the settings contradict each other.
 * @throws {JournalCorrupt | DataDirectoryInUse | BackupFault | AddressKeyUnusable | DiskFault} if the data directory can't be used.
 * @throws whatever the questions throw.
 */
export async function openStorage(
  settings: Settings,
  state: BoxOffice,
  options: StorageOptions,
  questions: StorageQuestions,
): Promise<Storage> {
  if (settings.memory) return openMemory(settings, questions);
  if (settings.unsafeNoQueue) {
    throw new ConfigError("--unsafe-no-queue sells tickets that don't exist and may keep none: add --memory");
  }
  const { data: directory } = settings;
  // First, so that a second server on the same ports is told whose the directory is, and not that a port is taken.
  const lock = await lockDirectory(directory, new Date().toISOString(), questions.describe);
  try {
    await inDirectory(directory, () => assertNoBackup(nodeDisk, directory));
    const token = givenToken(settings) ?? (await inDirectory(directory, () => readAdminToken(directory)));
    await questions.beforeChange();
    const held = { lock, token, questions };
    return await inDirectory(directory, () => openDirectory(settings, state, options, held));
  } catch (cause) {
    await lock.release();
    throw cause;
  }
}

async function openMemory(settings: Settings, questions: StorageQuestions): Promise<Storage> {
  if (settings.fresh) {
    throw new ConfigError("--fresh and --memory don't go together: --memory keeps nothing anyway");
  }
  await questions.beforeChange();
  questions.afterReplay();
  const journal = openMemoryJournal({ epoch: randomInt(1, 2 ** 31) });
  const addressKey = settings.addresses ? null : makeAddressKey();
  const adminToken = givenToken(settings) ?? makeAdminToken();
  const journalId = randomBytes(16).toString("hex");
  return { journal, journalId, replayed: null, adminToken, addressKey, recount: null, watch: null };
}

async function openDirectory(
  settings: Settings,
  state: BoxOffice,
  { logger, limits }: StorageOptions,
  held: { readonly lock: Lock; readonly token: AdminToken | null; readonly questions: StorageQuestions },
): Promise<Storage> {
  const { data: directory } = settings;
  let watching: Cancel | null = null;
  const release = (): Promise<void> => {
    watching?.cancel();
    return held.lock.release();
  };
  // Before the journal, so that one that can't be used changes nothing.
  const addressKey = settings.addresses ? null : await keepAddressKey(directory);
  if (settings.fresh) await setAside(directory, nodeDisk, systemClock.now());
  const { journal, replayed } = await openFileJournal({
    directory,
    disk: nodeDisk,
    limits: limits.journal,
    clock: systemClock,
    scheduler: systemScheduler,
    state,
    lock: { release },
    onNote: ({ kind, message }) => (kind === "snapshot" ? logger.info(message) : logger.warn(message)),
  });
  held.questions.afterReplay();
  return {
    journal,
    journalId: journal.id,
    replayed,
    adminToken: held.token ?? (await writeAdminToken(directory)),
    addressKey,
    recount: (sale, upTo) =>
      recountSale({ directory, sale, upTo, maxFrameBytes: limits.journal.maxFrameBytes }),
    watch: (onGone) => {
      watching = watchDirectory({
        disk: nodeDisk,
        path: directory,
        segment: () => journal.segment,
        everyMs: limits.journal.lookMs,
        scheduler: systemScheduler,
        onGone,
      });
    },
  };
}

/** Tells what the system has against the directory as a `DiskFault`. */
async function inDirectory<Value>(directory: string, task: () => Promise<Value>): Promise<Value> {
  try {
    return await task();
  } catch (cause) {
    throw asDiskFault(cause, directory);
  }
}

function givenToken({ adminToken }: Settings): AdminToken | null {
  return adminToken === undefined ? null : { token: adminToken, isNew: false };
}
