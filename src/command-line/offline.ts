/** The commands that sell nothing: each does its work on a data directory and ends with an exit code. */
import { backUpSale, restoreSale } from "./backups.ts";
import type { CommandName, Console, GivenFlags } from "./commands.ts";
import { ConfigError } from "../config.ts";
import { printEvents } from "./event-printing.ts";
import { BackupFault, DataDirectoryInUse, DiskFault, JournalCorrupt, NoJournal } from "../journal/fault.ts";
import { verifyDirectory } from "./verification.ts";

/** What main.ts says in its first lines. */
export const EXIT = { done: 0, fault: 1, badCommandLine: 2, failedStart: 3, damaged: 4, gone: 5 } as const;

const RUNS: Readonly<Record<CommandName, (given: GivenFlags, console: Console) => Promise<boolean>>> = {
  verify: verifyDirectory,
  "journal cat": printEvents,
  backup: backUpSale,
  restore: restoreSale,
};

/** @returns the exit code. */
export async function runOffline(name: CommandName, given: GivenFlags, console: Console): Promise<number> {
  try {
    return (await RUNS[name](given, console)) ? EXIT.done : EXIT.damaged;
  } catch (cause) {
    const code = exitCodeOf(cause);
    if (code === null || !(cause instanceof Error)) throw cause;
    console.complain(cause.message);
    return code;
  }
}

/** Null for a fault that nobody expected. */
function exitCodeOf(cause: unknown): number | null {
  if (cause instanceof ConfigError) return EXIT.badCommandLine;
  if (cause instanceof JournalCorrupt) return EXIT.damaged;
  const expected = [BackupFault, DataDirectoryInUse, DiskFault, NoJournal];
  return expected.some((fault) => cause instanceof fault) ? EXIT.failedStart : null;
}
