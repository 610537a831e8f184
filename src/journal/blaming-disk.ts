/**
 * A disk on which one directory is used: what the system refuses there is told as a `DiskFault` of that directory. Where two
 * are at work, a full one would otherwise be taken for the other.
 */
import type { Disk, DiskFile } from "./disk.ts";
import { asDiskFault, type DirectoryKind } from "./fault.ts";

export function blamingDisk(disk: Disk, directory: string, kind: DirectoryKind): Disk {
  const faultOf = (error: unknown): unknown => asDiskFault(error, directory, kind);
  const blame = (error: unknown): never => {
    throw faultOf(error);
  };
  const blamingFile = (file: DiskFile): DiskFile => ({
    size: () => file.size().catch(blame),
    read: (into, position) => file.read(into, position).catch(blame),
    write: (bytes, start, length, position, done) =>
      file.write(bytes, start, length, position, (error, written) =>
        done(faultOf(error) as Error | null, written),
      ),
    truncate: (length) => file.truncate(length).catch(blame),
    sync: () => file.sync().catch(blame),
    close: () => file.close().catch(blame),
  });
  return {
    open: async (path, mode) => blamingFile(await disk.open(path, mode).catch(blame)),
    rename: (from, to) => disk.rename(from, to).catch(blame),
    remove: (path) => disk.remove(path).catch(blame),
    list: (path) => disk.list(path).catch(blame),
    makeDirectory: (path) => disk.makeDirectory(path).catch(blame),
    syncDirectory: (path) => disk.syncDirectory(path).catch(blame),
  };
}
