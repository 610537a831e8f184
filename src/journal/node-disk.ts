/**
 * The real disk. A durable write is one `write` on a descriptor opened with `O_DSYNC`, which Linux answers when the
 * bytes and whatever is needed to find them again are on stable storage; into space that was written before, that
 * costs no metadata. Elsewhere it is a write and a sync: Windows has no `O_DSYNC`, and on macOS only the sync
 * (`F_FULLFSYNC`, which libuv uses) gets past the drive's own cache.
 */
import { constants, fdatasync, read, write } from "node:fs";
import { mkdir, open, readdir, rename, stat, unlink, type FileHandle } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Disk, DiskFile } from "./disk.ts";
import { systemCode } from "./fault.ts";

/** @param platform whose ways are taken; they all work on Linux, and so can be tried there. */
export function diskOf(platform: NodeJS.Platform): Required<Disk> {
  const writesAreDurable = platform === "linux";
  // O_DSYNC is typed as always there, but isn't defined on every system.
  const durableFlags = constants.O_RDWR | constants.O_CREAT | (writesAreDurable ? constants.O_DSYNC : 0);
  // Windows can't open a directory for syncing; NTFS journals its names by itself.
  const syncDirectory = platform === "win32" ? () => Promise.resolve() : syncNames;
  return {
    async open(path, mode) {
      if (mode === "read") return new NodeFile(await open(path, "r"), false);
      if (mode === "scratch") return new NodeFile(await open(path, "w+", 0o600), false);
      return new NodeFile(await open(path, durableFlags, 0o600), !writesAreDurable);
    },
    rename: (from, to) => rename(from, to),
    remove: (path) => unlink(path),
    list: (directory) => readdir(directory),
    makeDirectory: (path) => makeDirectory(resolve(path), syncDirectory),
    syncDirectory,
    async identity(path) {
      const { dev, ino } = await stat(path, { bigint: true });
      return `${dev}-${ino}`;
    },
  };
}

export const nodeDisk: Required<Disk> = diskOf(process.platform);

async function syncNames(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

class NodeFile implements DiskFile {
  readonly #handle: FileHandle;
  readonly #syncEachWrite: boolean;

  constructor(handle: FileHandle, syncEachWrite: boolean) {
    this.#handle = handle;
    this.#syncEachWrite = syncEachWrite;
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  read(into: Buffer, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      let filled = 0;
      const step = (error: Error | null, count: number): void => {
        if (error !== null) reject(error);
        else if (count === 0 || (filled += count) === into.length) resolve(filled);
        else read(this.#handle.fd, into, filled, into.length - filled, position + filled, step);
      };
      read(this.#handle.fd, into, 0, into.length, position, step);
    });
  }

  write(
    bytes: Buffer,
    start: number,
    length: number,
    position: number,
    done: (error: Error | null, written: number) => void,
  ): void {
    const { fd } = this.#handle;
    if (!this.#syncEachWrite) {
      write(fd, bytes, start, length, position, done);
      return;
    }
    write(fd, bytes, start, length, position, (error, written) => {
      if (error !== null) done(error, written);
      else fdatasync(fd, (syncError) => done(syncError, written));
    });
  }

  truncate(length: number): Promise<void> {
    return this.#handle.truncate(length);
  }

  sync(): Promise<void> {
    return this.#handle.sync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/**
 * Makes the directory and those above it that are missing. Not `recursive: true`, which tries again for ever where
 * the system says that a parent which is there isn't (as /proc does).
 */
async function makeDirectory(path: string, syncDirectory: Disk["syncDirectory"]): Promise<void> {
  try {
    await makeOne(path, syncDirectory);
  } catch (error) {
    if (systemCode(error) !== "ENOENT" || dirname(path) === path) throw error;
    await makeDirectory(dirname(path), syncDirectory);
    await makeOne(path, syncDirectory);
  }
}

async function makeOne(path: string, syncDirectory: Disk["syncDirectory"]): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    if (!(await stat(path)).isDirectory()) throw error;
    return;
  }
  // A new directory is a name in the one above it, which has to be synced.
  await syncDirectory(dirname(path));
}
