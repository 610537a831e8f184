/**
 * The simulated disk. What lies on the platter outlives the processes that use it; each process has a `DiskOfProcess`,
 * which answers late, short, wrong or never, and not at all once its process is over.
 *
 * Each file is kept twice: as it reads, and as it is found after the power went. A power loss keeps any sectors of
 * what wasn't made durable, in any order, and any of the names that no `syncDirectory` settled (src/journal/disk.ts).
 */
import { basename, dirname } from "node:path";
import type { Disk, DiskFile } from "../../src/journal/disk.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

const SECTOR_BYTES = 512;

export class Content {
  cached: Buffer = Buffer.alloc(0);
  durable: Buffer = Buffer.alloc(0);
  /** Bytes that have blocks already: writing to them takes no space. */
  allocated = 0;
}

interface WriteInFlight {
  readonly content: Content;
  readonly bytes: Buffer;
  readonly position: number;
}

/** What happens to the disk while a window is open, or to the next calls that are meant. */
export interface DiskFaults {
  /** Timeline instants until which these go on. */
  fullUntil: number;
  shortUntil: number;
  slowUntil: number;
  hangUntil: number;
  /** Calls that fail with EIO: any, or writes to the open segment only. */
  failNextCalls: number;
  failNextAppends: number;
}

export type FaultKind = "eio" | "enospc" | "short_write" | "hang" | "slow" | "torn_write" | "lost_write";

export class Platter {
  names = new Map<string, Content>();
  durableNames = new Map<string, Content>();
  readonly directories = new Set<string>();
  readonly writes = new Set<WriteInFlight>();
  /** Called once, when the write of a frame begins. */
  whenAppending: (() => void) | null = null;
  readonly faults: DiskFaults = {
    fullUntil: 0,
    shortUntil: 0,
    slowUntil: 0,
    hangUntil: 0,
    failNextCalls: 0,
    failNextAppends: 0,
  };
  readonly injected: Record<FaultKind, number> = {
    eio: 0,
    enospc: 0,
    short_write: 0,
    hang: 0,
    slow: 0,
    torn_write: 0,
    lost_write: 0,
  };

  /** The process was killed: the system goes on with any part of the writes that it had been given. */
  afterKill(random: Random): void {
    for (const write of this.writes) this.#tear(write, write.content.cached, random);
    this.writes.clear();
  }

  afterPowerLoss(random: Random): void {
    for (const write of this.writes) {
      growTo(write.content, write.position + write.bytes.length);
      this.#tear(write, write.content.cached, random);
    }
    this.writes.clear();
    const found = new Map(this.durableNames);
    for (const path of new Set([...this.names.keys(), ...this.durableNames.keys()])) {
      const now = this.names.get(path);
      if (now === this.durableNames.get(path) || random.chance(0.5)) continue;
      if (now === undefined) found.delete(path);
      else found.set(path, now);
    }
    this.names = found;
    this.durableNames = new Map(found);
    for (const content of new Set(found.values())) this.#losePower(content, random);
  }

  /** Bits of a file's durable bytes that turned; calling the result turns them back. */
  rot(content: Content, at: number, bit: number): () => void {
    const flip = (): void => {
      content.cached[at]! ^= 1 << bit;
      content.durable[at]! ^= 1 << bit;
    };
    flip();
    return flip;
  }

  #losePower(content: Content, random: Random): void {
    const { cached, durable } = content;
    if (cached.equals(durable)) return;
    const bytes = Buffer.alloc(random.chance(0.5) ? cached.length : durable.length);
    durable.copy(bytes);
    const keep = random.pick([0, 0.5, 0.5, 1]);
    for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
      if (random.chance(keep)) cached.copy(bytes, at, at, at + SECTOR_BYTES);
      else if (!cached.subarray(at, at + SECTOR_BYTES).equals(bytes.subarray(at, at + SECTOR_BYTES)))
        this.injected.lost_write += 1;
    }
    content.cached = bytes;
    content.durable = Buffer.from(bytes);
  }

  #tear({ bytes, position }: WriteInFlight, into: Buffer, random: Random): void {
    let kept = 0;
    let sectors = 0;
    const keep = random.pick([0, 0.5, 0.5, 0.5, 1]);
    for (let at = 0; at < bytes.length; sectors++) {
      const end = Math.min(bytes.length, at + SECTOR_BYTES - ((position + at) % SECTOR_BYTES));
      if (random.chance(keep)) {
        kept += 1;
        bytes.copy(into, position + at, at, end);
      }
      at = end;
    }
    if (kept > 0 && kept < sectors) this.injected.torn_write += 1;
    else if (kept === 0) this.injected.lost_write += 1;
  }
}

/** Told of each write to a `durable` file when it begins and when it is durable. */
export interface WriteWatcher {
  begun(bytes: Buffer): void;
  durable(bytes: Buffer): void;
}

export interface DiskParts {
  readonly platter: Platter;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly watcher: WriteWatcher;
}

interface Call {
  /** Takes space on the disk. */
  readonly takesSpace?: boolean;
  readonly isAppend?: boolean;
}

export class DiskOfProcess implements Disk {
  readonly parts: DiskParts;
  isOver = false;
  calls = 0;

  constructor(parts: DiskParts) {
    this.parts = parts;
  }

  open(path: string, mode: "read" | "scratch" | "durable"): Promise<DiskFile> {
    const { platter } = this.parts;
    const takesSpace = mode !== "read" && !platter.names.has(path);
    return this.called({ takesSpace }, () => {
      let content = platter.names.get(path);
      if (content === undefined && mode === "read") throw systemError("ENOENT", path);
      if (content === undefined || mode === "scratch") {
        content = new Content();
        platter.names.set(path, content);
      }
      return new FileOfProcess(this, content, mode === "durable");
    });
  }

  rename(from: string, to: string): Promise<void> {
    const { names } = this.parts.platter;
    return this.called({}, () => {
      const content = names.get(from);
      if (content === undefined) throw systemError("ENOENT", from);
      names.delete(from);
      names.set(to, content);
    });
  }

  remove(path: string): Promise<void> {
    return this.called({}, () => void this.parts.platter.names.delete(path));
  }

  list(directory: string): Promise<string[]> {
    const { platter } = this.parts;
    return this.called({}, () =>
      [...platter.names.keys()].filter((path) => dirname(path) === directory).map((path) => basename(path)),
    );
  }

  makeDirectory(path: string): Promise<void> {
    return this.called({}, () => void this.parts.platter.directories.add(path));
  }

  syncDirectory(path: string): Promise<void> {
    const { platter } = this.parts;
    return this.called({}, () => {
      for (const known of platter.durableNames.keys()) {
        if (dirname(known) === path && !platter.names.has(known)) platter.durableNames.delete(known);
      }
      for (const [known, content] of platter.names) {
        if (dirname(known) === path) platter.durableNames.set(known, content);
      }
    });
  }

  /** Answers later, or never; `apply` does the work in the instant of the answer. */
  called<T>(call: Call, apply: () => T): Promise<T> {
    this.calls += 1;
    const { platter, timeline, random } = this.parts;
    return new Promise((resolve, reject) => {
      const answer = (): void => {
        if (this.isOver) return;
        const { hangUntil } = platter.faults;
        if (hangUntil > timeline.now) {
          platter.injected.hang += 1;
          if (hangUntil !== Infinity) timeline.at(hangUntil, answer);
          return;
        }
        const fault = this.#fault(call);
        if (fault !== null) return reject(fault);
        try {
          resolve(apply());
        } catch (error) {
          reject(error);
        }
      };
      timeline.after(this.#latency(random), answer);
    });
  }

  #latency(random: Random): number {
    const { platter, timeline } = this.parts;
    if (platter.faults.slowUntil > timeline.now) {
      platter.injected.slow += 1;
      return random.span(2, 40);
    }
    return random.chance(0.1) ? random.span(0.5, 4) : random.span(0.01, 0.5);
  }

  #fault({ takesSpace = false, isAppend = false }: Call): Error | null {
    const { platter, timeline } = this.parts;
    const { faults, injected } = platter;
    if (takesSpace && faults.fullUntil > timeline.now) {
      injected.enospc += 1;
      return systemError("ENOSPC", "no space left on device");
    }
    if (isAppend && faults.failNextAppends > 0) {
      faults.failNextAppends -= 1;
      injected.eio += 1;
      return systemError("EIO", "i/o error");
    }
    if (!isAppend && faults.failNextCalls > 0) {
      faults.failNextCalls -= 1;
      injected.eio += 1;
      return systemError("EIO", "i/o error");
    }
    return null;
  }
}

class FileOfProcess implements DiskFile {
  readonly #disk: DiskOfProcess;
  readonly #content: Content;
  readonly #isDurable: boolean;

  constructor(disk: DiskOfProcess, content: Content, isDurable: boolean) {
    this.#disk = disk;
    this.#content = content;
    this.#isDurable = isDurable;
  }

  size(): Promise<number> {
    return Promise.resolve(this.#content.cached.length);
  }

  read(into: Buffer, position: number): Promise<number> {
    return this.#disk.called({}, () => this.#content.cached.copy(into, 0, position));
  }

  write(
    bytes: Buffer,
    start: number,
    length: number,
    position: number,
    done: (error: Error | null, written: number) => void,
  ): void {
    const { platter, timeline, random, watcher } = this.#disk.parts;
    const content = this.#content;
    let taken = length;
    if (length > 1 && platter.faults.shortUntil > timeline.now && random.chance(0.7)) {
      taken = random.between(1, length - 1);
      platter.injected.short_write += 1;
    }
    const part = Buffer.from(bytes.subarray(start, start + taken));
    const write: WriteInFlight = { content, bytes: part, position };
    const isAppend = this.#isDurable && isFrame(bytes);
    // Copied now: the buffer belongs to its owner again once the write is answered.
    const whole = start + taken === bytes.length && isAppend ? Buffer.from(bytes) : null;
    if (start === 0 && isAppend) watcher.begun(Buffer.from(bytes));
    platter.writes.add(write);
    if (isAppend) {
      platter.whenAppending?.();
      platter.whenAppending = null;
    }
    const takesSpace = position + taken > content.allocated;
    this.#disk
      .called({ takesSpace, isAppend }, () => {
        platter.writes.delete(write);
        growTo(content, position + taken);
        content.allocated = Math.max(content.allocated, position + taken);
        part.copy(content.cached, position);
        if (!this.#isDurable) return;
        if (content.durable.length < content.cached.length)
          content.durable = lengthened(content.durable, content.cached.length);
        part.copy(content.durable, position);
      })
      .then(
        () => {
          if (whole !== null) watcher.durable(whole);
          done(null, taken);
        },
        (error: unknown) => {
          // The page cache may hold what the disk doesn't.
          platter.writes.delete(write);
          if (part.length + position <= content.cached.length && random.chance(0.7))
            part.copy(content.cached, position);
          done(error as Error, 0);
        },
      );
  }

  truncate(length: number): Promise<void> {
    const content = this.#content;
    return this.#disk.called({ takesSpace: length > content.cached.length }, () => {
      content.cached = lengthened(content.cached, length);
      // A length is one number in the file system's own journal: it is there or not, and never in part.
      if (this.#isDurable) content.durable = lengthened(content.durable, length);
    });
  }

  sync(): Promise<void> {
    const content = this.#content;
    return this.#disk.called({}, () => {
      content.durable = Buffer.from(content.cached);
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function isFrame(bytes: Buffer): boolean {
  return bytes.length > 44 && bytes.toString("latin1", 0, 4) === "BILe";
}

function growTo(content: Content, length: number): void {
  if (content.cached.length < length) content.cached = lengthened(content.cached, length);
}

function lengthened(bytes: Buffer, length: number): Buffer {
  const copy = Buffer.alloc(length);
  bytes.copy(copy);
  return copy;
}

export function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code, errno: -1, syscall: "simulated" });
}
