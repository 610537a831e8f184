/** Where a server keeps what it knows: a data directory, or nowhere with `--memory`. */
import { randomInt } from "node:crypto";
import type { Logger } from "pino";
import { keepAddressKey, makeAddressKey } from "./address-key.ts";
import { keepAdminToken, makeAdminToken, type AdminToken } from "./admin-token.ts";
import type { BoxOffice } from "./box-office/box-office.ts";
import type { Audit, SaleId } from "./box-office/sale.ts";
import { ConfigError, type Settings } from "./config.ts";
import { type Limits } from "./limits.ts";
import type { Cancel, Journal } from "./engine/ports.ts";
import { systemClock, systemScheduler } from "./engine/system.ts";
import { assertNoBackup } from "./journal/backup-mark.ts";
import { setAside } from "./journal/data-directory.ts";
import { watchDirectory } from "./journal/directory-watch.ts";
import { asDiskFault } from "./journal/fault.ts";
import { lockDirectory } from "./journal/lock.ts";
import { openMemoryJournal } from "./journal/memory-journal.ts";
import { nodeDisk } from "./journal/node-disk.ts";
import { recountSale } from "./journal/recount.ts";
import { openFileJournal, type Replayed } from "./journal/opening.ts";

export interface Storage {
  readonly journal: Journal;
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

/**
 * Opens the storage that the settings ask for and brings `state` to what it says.
 *
 * @param describe what a second process is told about this one.
 * @throws {ConfigError} if the settings contradict each other.
 * @throws {JournalCorrupt | DataDirectoryInUse | BackupFault | AddressKeyUnusable | DiskFault} if the data directory can't be used.
 */
export async function openStorage(
  settings: Settings,
  state: BoxOffice,
  { logger, limits }: { readonly logger: Logger; readonly limits: Limits },
  describe: () => string,
): Promise<Storage> {
  const given = settings.adminToken === undefined ? null : { token: settings.adminToken, isNew: false };
  if (settings.memory) {
    if (settings.fresh) {
      throw new ConfigError("--fresh and --memory don't go together: --memory keeps nothing anyway");
    }
    const journal = openMemoryJournal({ epoch: randomInt(1, 2 ** 31) });
    const addressKey = settings.addresses ? null : makeAddressKey();
    const adminToken = given ?? makeAdminToken();
    return { journal, replayed: null, adminToken, addressKey, recount: null, watch: null };
  }
  if (settings.unsafeNoQueue) {
    throw new ConfigError("--unsafe-no-queue sells tickets that don't exist and may keep none: add --memory");
  }
  const { data: directory } = settings;
  const lock = await lockDirectory(directory, new Date().toISOString(), describe);
  let watching: Cancel | null = null;
  const release = (): Promise<void> => {
    watching?.cancel();
    return lock.release();
  };
  try {
    await assertNoBackup(nodeDisk, directory);
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
    return {
      journal,
      replayed,
      adminToken: given ?? (await keepAdminToken(directory)),
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
  } catch (cause) {
    await lock.release();
    throw asDiskFault(cause, directory);
  }
}
