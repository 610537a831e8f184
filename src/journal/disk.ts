/**
 * The disk as the journal sees it: the few calls whose failures matter. Production plugs in node-disk.ts; a
 * simulator can drop, tear or reorder whatever wasn't synced, write short, fail, or never answer.
 *
 * What survives a crash: bytes of a `durable` file once their write has been answered, bytes of a `scratch` file once
 * `sync` has, a file's length with its bytes, and a name (created, renamed, removed) once `syncDirectory` has.
 * Everything else may be there in part, in any order, by sectors of 512 bytes.
 */
import { dirname } from "node:path";

export interface Disk {
  /**
   * `read`: an existing file. `scratch`: a new and empty file, durable after `sync` only. `durable`: made if it isn't
   * there, and each write is durable when it is answered.
   *
   * Every call of this interface fails with an `Error` whose `code` is the system's, such as `ENOSPC`.
   */
  open(path: string, mode: "read" | "scratch" | "durable"): Promise<DiskFile>;
  /** Replaces whatever has that name. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Names, not paths, in no order. */
  list(directory: string): Promise<string[]>;
  /** Makes a directory and those above it, durably; content when it exists. */
  makeDirectory(path: string): Promise<void>;
  /** Makes durable which names the directory holds. */
  syncDirectory(path: string): Promise<void>;
  /**
   * Tells a file or directory from every other, whatever its name becomes. Absent where nobody can move or replace one
   * behind the journal's back.
   */
  identity?(path: string): Promise<string>;
}

export interface DiskFile {
  /** Length in bytes. */
  size(): Promise<number>;
  /** Fills `into` from its start with what stands at `position`; resolves to the bytes read, fewer only at the end. */
  read(into: Buffer, position: number): Promise<number>;
  /** Writes part of a buffer, maybe less than asked. A callback and not a promise: an append waits for nothing else. */
  write(
    bytes: Buffer,
    start: number,
    length: number,
    position: number,
    done: (error: Error | null, written: number) => void,
  ): void;
  /** Cuts or lengthens (by zeros) in one step that a crash can't leave half done. */
  truncate(length: number): Promise<void>;
  /** Makes everything written so far durable. A failed one is never to be retried: the bytes may be gone. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Writes all of a part of a buffer, however short the single writes are, then calls `done` once. */
export function writeFully(
  file: DiskFile,
  bytes: Buffer,
  position: number,
  done: (error: Error | null) => void,
): void {
  let at = 0;
  const step = (error: Error | null, written: number): void => {
    if (error === null && written === 0) done(new Error("the disk took no bytes and gave no reason"));
    else if (error !== null) done(error);
    else if ((at += written) === bytes.length) done(null);
    else file.write(bytes, at, bytes.length - at, position + at, step);
  };
  file.write(bytes, 0, bytes.length, position, step);
}

/** The same as a promise, for everything that isn't an append. */
export function writeAll(file: DiskFile, bytes: Buffer, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    writeFully(file, bytes, position, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** Writes a file under another name, and durably gives it its own once it is durable itself. */
export async function writeBeside(
  disk: Disk,
  path: string,
  write: (file: DiskFile) => Promise<void>,
): Promise<void> {
  const unfinished = `${path}.tmp`;
  const file = await disk.open(unfinished, "scratch");
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(unfinished, path);
  await disk.syncDirectory(dirname(path));
}
