/** The names in a data directory: segments in `journal/`, snapshots in `snapshots/`. */
import { join } from "node:path";
import type { Instant } from "../box-office/sale.ts";
import type { Disk } from "./disk.ts";

const SEGMENT = /^\d{16}\.log$/;
const SNAPSHOT = /^\d{16}\.snap$/;

export interface NumberedFile {
  readonly path: string;
  /** The offset that the name tells. */
  readonly offset: number;
}

export class DataDirectory {
  readonly path: string;
  readonly journal: string;
  readonly snapshots: string;

  /** @param suffix of its folders, while they are not to be taken for a sale. */
  constructor(path: string, suffix = "") {
    this.path = path;
    this.journal = join(path, `journal${suffix}`);
    this.snapshots = join(path, `snapshots${suffix}`);
  }

  segmentPath(offset: number): string {
    return join(this.journal, `${digits(offset)}.log`);
  }

  snapshotPath(offset: number): string {
    return join(this.snapshots, `${digits(offset)}.snap`);
  }

  /** The segment that is being prepared; it gets its name when it is begun. */
  get sparePath(): string {
    return join(this.journal, "spare.tmp");
  }

  /** Oldest first. */
  segments(disk: Disk): Promise<NumberedFile[]> {
    return numbered(disk, this.journal, SEGMENT);
  }

  /** Oldest first. */
  snapshotFiles(disk: Disk): Promise<NumberedFile[]> {
    return numbered(disk, this.snapshots, SNAPSHOT);
  }

  /** Files in `journal/` that are neither segments nor unfinished. */
  async strangers(disk: Disk): Promise<string[]> {
    const names = (await disk.list(this.journal)).sort();
    return names
      .filter((name) => !SEGMENT.test(name) && !name.endsWith(".tmp"))
      .map((name) => join(this.journal, name));
  }

  /** Makes what is missing. */
  async make(disk: Disk): Promise<void> {
    await disk.makeDirectory(this.journal);
    await disk.makeDirectory(this.snapshots);
  }

  /** Removes what was begun and never got its name. */
  async removeUnfinished(disk: Disk): Promise<void> {
    await removeUnfinishedIn(disk, this.journal);
    await this.removeUnfinishedSnapshots(disk);
  }

  /** The same of snapshots alone: beside a running server, the journal's unfinished segment is in use. */
  removeUnfinishedSnapshots(disk: Disk): Promise<void> {
    return removeUnfinishedIn(disk, this.snapshots);
  }
}

/**
 * Gives the contents of a data directory other names, so that the next start begins a new log. Nothing is deleted.
 * The caller holds the directory's lock.
 *
 * @param at what the new names tell.
 * @returns the new paths; none if there was nothing.
 */
export async function setAside(path: string, disk: Disk, at: Instant): Promise<string[]> {
  const stamp = new Date(at).toISOString().replace(/\.\d+/, "").replaceAll(":", "-");
  await disk.makeDirectory(path);
  const names = new Set(await disk.list(path));
  const moved: string[] = [];
  for (const name of ["snapshots", "journal"]) {
    if (!names.has(name)) continue;
    let target = `${name}.${stamp}`;
    for (let i = 2; names.has(target); i++) target = `${name}.${stamp}-${i}`;
    await disk.rename(join(path, name), join(path, target));
    moved.push(join(path, target));
  }
  await disk.syncDirectory(path);
  return moved;
}

async function removeUnfinishedIn(disk: Disk, directory: string): Promise<void> {
  for (const name of await disk.list(directory)) {
    if (name.endsWith(".tmp")) await disk.remove(join(directory, name));
  }
}

function digits(offset: number): string {
  return String(offset).padStart(16, "0");
}

async function numbered(disk: Disk, directory: string, pattern: RegExp): Promise<NumberedFile[]> {
  const names = (await disk.list(directory)).filter((name) => pattern.test(name)).sort();
  return names.map((name) => ({ path: join(directory, name), offset: Number(name.slice(0, 16)) }));
}
