/**
 * What says that a directory is a finished backup, and of what: one line in a file named `BACKUP`, of the same form as
 * the header of a snapshot. It is written last, so a copy without it is one that didn't finish. And it remembers where
 * the journal ended, so a segment that is missing at the end is missed.
 */
import { join } from "node:path";
import { writeAll, writeBeside, type Disk } from "./disk.ts";
import { BackupFault, JournalCorrupt, systemCode } from "./fault.ts";
import { decodeFileHeader, encodeFileHeader, FILE_HEADER_BYTES, type FileHeader } from "./file-header.ts";

export const BACKUP_MARK = "BACKUP";

/** `first` is the number of events, `before` the hash that the next frame would name, `epoch` the newest. */
export function writeMark(disk: Disk, directory: string, mark: FileHeader): Promise<void> {
  const bytes = encodeFileHeader("BACKUP", mark);
  return writeBeside(disk, join(directory, BACKUP_MARK), (file) => writeAll(file, bytes, 0));
}

/**
 * @throws {BackupFault} if there is none.
 * @throws {JournalCorrupt} if it isn't what was written.
 */
export async function readMark(disk: Disk, directory: string): Promise<FileHeader> {
  const path = join(directory, BACKUP_MARK);
  const file = await disk.open(path, "read").catch((error: unknown) => {
    if (systemCode(error) !== "ENOENT") throw error;
    throw new BackupFault(
      "NOT_A_BACKUP",
      `${directory} holds no finished backup: the file ${BACKUP_MARK} is missing`,
    );
  });
  try {
    const bytes = Buffer.alloc(FILE_HEADER_BYTES);
    const mark = decodeFileHeader("BACKUP", bytes.subarray(0, await file.read(bytes, 0)));
    if (typeof mark === "string") throw new JournalCorrupt(path, 0, mark);
    return mark;
  } finally {
    await file.close();
  }
}

/**
 * A backup isn't sold from: its positions would be taken for those of the sale that it was made of.
 *
 * @throws {BackupFault} if it is one.
 */
export async function assertNoBackup(disk: Disk, directory: string): Promise<void> {
  if (!(await disk.list(directory)).includes(BACKUP_MARK)) return;
  throw new BackupFault(
    "IS_A_BACKUP",
    `${directory} is a backup, and no data directory. Restore it first: ` +
      `bilheteria restore --from ${directory} --data <new directory>`,
  );
}
