/** A disk that can only be read: what looks at somebody's data directory can't change it, not even by mistake. */
import type { Disk } from "./disk.ts";

export function readOnlyDisk(disk: Disk): Disk {
  return {
    open: (path, mode) => (mode === "read" ? disk.open(path, mode) : refuse()),
    list: (directory) => disk.list(directory),
    rename: refuse,
    remove: refuse,
    makeDirectory: refuse,
    syncDirectory: refuse,
  };
}

function refuse(): Promise<never> {
  return Promise.reject(new Error("a directory that is only looked at was about to change"));
}
