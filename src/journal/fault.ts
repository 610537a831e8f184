/** What can be wrong with a data directory. Each fault has a stable `code`, says what happened and what to do. */

/** The journal on disk isn't what was written. Nothing was changed; going on would be a guess. */
export class JournalCorrupt extends Error {
  readonly code = "JOURNAL_CORRUPT";
  readonly file: string;
  /** Byte offset in the file at which it stops making sense. */
  readonly offset: number;
  /** What is wrong there, without the file and the advice. */
  readonly what: string;

  constructor(file: string, offset: number, what: string, cause?: unknown) {
    super(
      `${file} is damaged at byte ${offset}: ${what}. Nothing was changed. Restore the data directory from a ` +
        "backup, or keep it for inspection and start with another one.",
      { cause },
    );
    this.name = "JournalCorrupt";
    this.file = file;
    this.offset = offset;
    this.what = what;
  }
}

/** There is nothing to look at, or to copy. */
export class NoJournal extends Error {
  readonly code = "NO_JOURNAL";

  constructor(directory: string) {
    super(`${directory} holds no journal. Name a data directory with --data.`);
    this.name = "NoJournal";
  }
}

export type BackupFaultCode =
  | "IS_A_BACKUP"
  | "NOT_A_BACKUP"
  | "TARGET_NOT_EMPTY"
  | "SALE_EXISTS"
  | "COPY_DIFFERS"
  | "NO_EPOCH_LEFT";

/** A backup or a restore that can't be done as it was asked for. */
export class BackupFault extends Error {
  readonly code: BackupFaultCode;

  constructor(code: BackupFaultCode, message: string) {
    super(message);
    this.name = "BackupFault";
    this.code = code;
  }
}

/** Another process owns the data directory. */
export class DataDirectoryInUse extends Error {
  readonly code = "DATA_DIRECTORY_IN_USE";
  /** Null when the holder didn't say. */
  readonly pid: number | null;

  constructor(directory: string, holder: Holder | null) {
    const who =
      holder === null
        ? "a process that doesn't say who it is"
        : `process ${holder.pid}, running since ${holder.since}${holder.text === "" ? "" : ` (${holder.text})`}`;
    super(`${directory} is in use by ${who}. Stop that process first, or choose another directory.`);
    this.name = "DataDirectoryInUse";
    this.pid = holder?.pid ?? null;
  }
}

/** Another directory has the name of the one that the journal is in. */
export class DirectoryReplaced extends Error {
  readonly code = "DIRECTORY_REPLACED";

  constructor(directory: string) {
    super(`${directory} is another directory now: put back the one that was there at the start`);
    this.name = "DirectoryReplaced";
  }
}

/** What the holder of a lock says of itself. */
export interface Holder {
  readonly pid: number;
  /** ISO 8601. */
  readonly since: string;
  /** Whatever the program added, such as the addresses that it listens on. */
  readonly text: string;
}

export type DiskFaultCode = "DISK_DENIED" | "DISK_FULL" | "DISK_READ_ONLY" | "TOO_MANY_FILES" | "DISK_FAILED";

/** What a directory is to whoever named it. */
export type DirectoryKind = "data directory" | "backup";

/** The system refused to read or write a data directory, or a backup. */
export class DiskFault extends Error {
  readonly code: DiskFaultCode;

  constructor(code: DiskFaultCode, message: string, cause: unknown) {
    super(message, { cause });
    this.name = "DiskFault";
    this.code = code;
  }
}

const DENIED = ["DISK_DENIED", "not allowed", "Give this user read and write access to it."] as const;
const FULL = ["DISK_FULL", "no space left", "Free some space, or choose another directory."] as const;
const FAILED = ["DISK_FAILED", "failed", "Check the disk and the path."] as const;
const OCCUPIED = ["DISK_FAILED", "it isn't a directory", "Move that file away, or choose another."] as const;
const FILES = [
  "TOO_MANY_FILES",
  "too many open files",
  "Raise the limit of open files (ulimit -n).",
] as const;
const READ_ONLY = [
  "DISK_READ_ONLY",
  "read-only",
  "Mount it for writing, or choose another directory.",
] as const;

const BY_SYSTEM_CODE = new Map<string, readonly [DiskFaultCode, string, string]>([
  ["EACCES", DENIED],
  ["EPERM", DENIED],
  ["ENOSPC", FULL],
  ["EDQUOT", FULL],
  ["EROFS", READ_ONLY],
  ["EMFILE", FILES],
  ["ENFILE", FILES],
  ["EEXIST", OCCUPIED],
  ["ENOTDIR", OCCUPIED],
]);

/** What to do about space that can't be made while the server runs, by the system's name of the error. */
const FOR_SPACE = new Map<string, string>([
  ["ENOSPC", "Free some space"],
  ["EDQUOT", "Free some space, or raise the quota"],
  ["EFBIG", "Raise the limit of the length of files (ulimit -f)"],
  ["EMFILE", "Raise the limit of open files (ulimit -n)"],
  ["ENFILE", "Close some of the files that this machine has open"],
]);

/** Why no space can be made for the journal, and what to do, in one line. */
export function explainNoSpace(error: unknown): string {
  const why = messageOf(error);
  const advice = FOR_SPACE.get(systemCode(error) ?? "") ?? "Check the disk and the data directory";
  return `no space can be made for the journal: ${why}. ${advice}; sales go on by themselves then`;
}

/** Turns a system error into a `DiskFault`; whatever isn't one comes back as it is. */
export function asDiskFault(
  error: unknown,
  directory: string,
  kind: DirectoryKind = "data directory",
): unknown {
  if (error instanceof DiskFault) return error;
  const code = systemCode(error);
  if (!(error instanceof Error) || code === null) return error;
  const [fault, what, advice] = BY_SYSTEM_CODE.get(code) ?? FAILED;
  return new DiskFault(
    fault,
    `the ${kind} ${directory} can't be used: ${what} (${error.message}). ${advice}`,
    error,
  );
}

/** Whether an error says that what the journal is in was deleted, moved or replaced: a start wouldn't find it. */
export function isGone(error: unknown): boolean {
  return error instanceof DirectoryReplaced || ["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "");
}

/** Whether an error tells of damage, also where it comes from another thread and has lost its class on the way. */
export function isDamage(error: unknown): error is Pick<JournalCorrupt, "file" | "offset" | "what"> {
  return error instanceof Error && error.name === "JournalCorrupt";
}

/** What somebody threw, as words. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The system's name of an error, or of the one that a `DiskFault` tells of, such as `ENOSPC`; or null. */
export function systemCode(error: unknown): string | null {
  if (error instanceof DiskFault) return systemCode(error.cause);
  if (!(error instanceof Error) || !("syscall" in error || "errno" in error)) return null;
  return "code" in error && typeof error.code === "string" ? error.code : null;
}
