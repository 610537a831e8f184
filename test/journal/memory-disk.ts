/**
 * A disk in memory that can lose power. Each file is kept twice: as it reads, and as it would be found after a crash.
 * A durable write moves sector by sector from one to the other when it is answered; a crash while it is in flight
 * keeps whichever of its sectors the test says. Names likewise, at `syncDirectory`.
 */
import { basename, dirname, join } from "node:path";
import type { Disk, DiskFile } from "../../src/journal/disk.ts";

const SECTOR_BYTES = 512;

export interface Content {
  cached: Buffer;
  durable: Buffer;
}

export interface DiskCall {
  readonly kind: "open" | "write" | "truncate" | "sync" | "rename" | "remove" | "syncDirectory" | "read";
  readonly path: string;
}

export interface InFlight {
  readonly content: Content;
  readonly bytes: Buffer;
  readonly position: number;
}

export class MemoryDisk implements Disk {
  /** Names as they read now, and as they would be after a crash. */
  #names = new Map<string, Content>();
  #durableNames = new Map<string, Content>();
  readonly #directories = new Set<string>();
  /** Renames of directories that aren't durable yet: each is kept whole or not at all. */
  #moves: { readonly from: string; readonly to: string }[] = [];
  /** Asked before each call; what it throws is what the call fails with, and what it returns is waited for. */
  before: (call: DiskCall) => Promise<void> | void = () => undefined;
  /** The most bytes that one write takes. */
  writeBytes = Infinity;
  /** The durable write that has not been answered, if any. */
  inFlight: InFlight | null = null;
  calls = 0;
  /** Files that were opened and not closed. */
  openFiles = 0;

  /** What is on the disk now, for a test that wants to damage it. */
  contents(): Map<string, Buffer> {
    return new Map([...this.#names].map(([path, { cached }]) => [path, Buffer.from(cached)]));
  }

  /** A disk that holds just this, durably. */
  static of(contents: ReadonlyMap<string, Buffer>): MemoryDisk {
    const disk = new MemoryDisk();
    for (const [path, bytes] of contents) {
      const content = { cached: Buffer.from(bytes), durable: Buffer.from(bytes) };
      disk.#names.set(path, content);
      disk.#durableNames.set(path, content);
      for (let above = dirname(path); above !== dirname(above); above = dirname(above)) {
        disk.#directories.add(above);
      }
    }
    return disk;
  }

  /**
   * The disk as it is found after the power went.
   *
   * @param keeps which sectors of what wasn't synced made it, and which names; each is asked by a running number.
   */
  afterPowerLoss(keeps: (n: number) => boolean): MemoryDisk {
    const disk = new MemoryDisk();
    for (const directory of this.#directories) disk.#directories.add(directory);
    let n = 0;
    const found = new Map<string, Content>(this.#durableNames);
    const names = new Map<string, Content>(this.#names);
    for (const { from, to } of this.#moves) {
      if (keeps(n++)) move(found, from, to);
      else move(names, to, from);
    }
    for (const path of new Set([...names.keys(), ...found.keys()])) {
      const now = names.get(path);
      if (now === found.get(path) || !keeps(n++)) continue;
      if (now === undefined) found.delete(path);
      else found.set(path, now);
    }
    for (const [path, { cached, durable }] of found) {
      const bytes = Buffer.alloc(keeps(n++) ? cached.length : durable.length);
      durable.copy(bytes);
      for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
        const sector = cached.subarray(at, at + SECTOR_BYTES);
        if (!sector.equals(bytes.subarray(at, at + SECTOR_BYTES)) && keeps(n++)) sector.copy(bytes, at);
      }
      const content = { cached: Buffer.from(bytes), durable: bytes };
      disk.#names.set(path, content);
      disk.#durableNames.set(path, content);
    }
    return disk;
  }

  /** The disk as it is found when the power went within the one write in flight, and all else was settled. */
  afterTornWrite(keepsSector: (index: number) => boolean): MemoryDisk {
    const found = this.afterPowerLoss(() => false).contents();
    if (this.inFlight === null) throw new Error("no write is in flight");
    const { bytes, position } = this.inFlight;
    // The file may have been renamed since it was opened.
    const path = [...this.#names].find(([, known]) => known === this.inFlight?.content)?.[0] ?? "";
    const content = found.get(path) ?? Buffer.alloc(0);
    for (let at = 0, index = 0; at < bytes.length; index++) {
      const end = Math.min(bytes.length, at + SECTOR_BYTES - ((position + at) % SECTOR_BYTES));
      if (keepsSector(index)) bytes.copy(content, position + at, at, end);
      at = end;
    }
    return MemoryDisk.of(found);
  }

  /** The disk as a new process finds it when the old one was killed: everything that was written, synced or not. */
  afterKill(): MemoryDisk {
    return this.afterPowerLoss(() => true);
  }

  async open(path: string, mode: "read" | "scratch" | "durable"): Promise<DiskFile> {
    await this.called("open", path);
    let content = this.#names.get(path);
    if (content === undefined && mode === "read") throw systemError("ENOENT", `no such file: ${path}`);
    if (content === undefined || mode === "scratch") {
      content = { cached: Buffer.alloc(0), durable: Buffer.alloc(0) };
      this.#names.set(path, content);
    }
    this.openFiles += 1;
    return new MemoryFile(this, path, content, mode === "durable");
  }

  async rename(from: string, to: string): Promise<void> {
    await this.called("rename", from);
    if (this.#directories.delete(from)) {
      this.#directories.add(to);
      this.#moves.push({ from, to });
      move(this.#names, from, to);
      return;
    }
    const content = this.#names.get(from);
    if (content === undefined) throw systemError("ENOENT", `no such file: ${from}`);
    this.#names.delete(from);
    this.#names.set(to, content);
  }

  async remove(path: string): Promise<void> {
    await this.called("remove", path);
    this.#names.delete(path);
  }

  list(directory: string): Promise<string[]> {
    const names = [...this.#names.keys(), ...this.#directories].filter((path) => dirname(path) === directory);
    return Promise.resolve(names.map((path) => basename(path)));
  }

  makeDirectory(path: string): Promise<void> {
    this.#directories.add(path);
    return Promise.resolve();
  }

  async syncDirectory(path: string): Promise<void> {
    await this.called("syncDirectory", path);
    for (const { from, to } of this.#moves.filter(({ to }) => dirname(to) === path)) {
      move(this.#durableNames, from, to);
    }
    this.#moves = this.#moves.filter(({ to }) => dirname(to) !== path);
    for (const known of this.#durableNames.keys()) {
      if (dirname(known) === path && !this.#names.has(known)) this.#durableNames.delete(known);
    }
    for (const [known, content] of this.#names) {
      if (dirname(known) === path) this.#durableNames.set(known, content);
    }
  }

  async called(kind: DiskCall["kind"], path: string): Promise<void> {
    this.calls += 1;
    await this.before({ kind, path });
  }
}

class MemoryFile implements DiskFile {
  readonly #disk: MemoryDisk;
  readonly #path: string;
  readonly #content: Content;
  readonly #isDurable: boolean;

  constructor(disk: MemoryDisk, path: string, content: Content, isDurable: boolean) {
    this.#disk = disk;
    this.#path = path;
    this.#content = content;
    this.#isDurable = isDurable;
  }

  size(): Promise<number> {
    return Promise.resolve(this.#content.cached.length);
  }

  async read(into: Buffer, position: number): Promise<number> {
    await this.#disk.called("read", this.#path);
    return this.#content.cached.copy(into, 0, position);
  }

  write(
    bytes: Buffer,
    start: number,
    length: number,
    position: number,
    done: (error: Error | null, written: number) => void,
  ): void {
    const taken = Math.min(length, this.#disk.writeBytes);
    const part = Buffer.from(bytes.subarray(start, start + taken));
    void this.#write(part, position).then(
      () => done(null, taken),
      (error: unknown) => done(error as Error, 0),
    );
  }

  async truncate(length: number): Promise<void> {
    await this.#disk.called("truncate", this.#path);
    this.#content.cached = resized(this.#content.cached, length);
    // A length is one number in the file system's own journal: it is there or not, and never in part.
    if (this.#isDurable) this.#content.durable = resized(this.#content.durable, length);
  }

  async sync(): Promise<void> {
    await this.#disk.called("sync", this.#path);
    this.#content.durable = Buffer.from(this.#content.cached);
  }

  close(): Promise<void> {
    this.#disk.openFiles -= 1;
    return Promise.resolve();
  }

  async #write(bytes: Buffer, position: number): Promise<void> {
    const content = this.#content;
    content.cached = resized(content.cached, Math.max(content.cached.length, position + bytes.length));
    bytes.copy(content.cached, position);
    if (this.#isDurable) this.#disk.inFlight = { content, bytes, position };
    await this.#disk.called("write", this.#path);
    this.#disk.inFlight = null;
    if (!this.#isDurable) return;
    content.durable = resized(content.durable, Math.max(content.durable.length, position + bytes.length));
    bytes.copy(content.durable, position);
  }
}

/** Gives another directory to everything in one. */
function move(names: Map<string, Content>, from: string, to: string): void {
  for (const [path, content] of names) {
    if (dirname(path) !== from) continue;
    names.delete(path);
    names.set(join(to, basename(path)), content);
  }
}

export function systemError(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code, errno: -1, syscall: "test" });
}

function resized(bytes: Buffer, length: number): Buffer {
  if (bytes.length === length) return bytes;
  const copy = Buffer.alloc(length);
  bytes.copy(copy);
  return copy;
}
