/**
 * The space ahead of the writer. Whenever little is left, more is made in the background: a step at the end of the
 * open segment, or, when that has its full length, a spare segment that waits for its turn. A frame that fits never
 * waits for it.
 *
 * If space can't be made, the frames that still fit are taken, then sales are refused; making is tried again until it
 * works. Only a write into space that was made already is allowed to fail the journal.
 */
import type { Cancel, Scheduler } from "../engine/ports.ts";
import type { DataDirectory } from "./data-directory.ts";
import type { Disk } from "./disk.ts";
import { DirectoryReplaced, explainNoSpace } from "./fault.ts";
import { encodeFileHeader, FILE_HEADER_BYTES, type FileHeader } from "./file-header.ts";
import type { JournalLimits } from "./limits.ts";
import { SegmentFile } from "./segment-file.ts";

export interface RoomParts {
  readonly disk: Disk;
  readonly directory: DataDirectory;
  readonly limits: JournalLimits;
  readonly scheduler: Scheduler;
  /** Told when making space begins to fail (with the reason), and when it works again (null). */
  readonly onTrouble: (why: string | null) => void;
}

export class Room {
  readonly #parts: RoomParts;
  readonly #zeros: Buffer;
  /** Which directory the segments are in, whatever is under its name later. */
  readonly #home: string | undefined;
  #segment: SegmentFile;
  #spare: SegmentFile | null = null;
  /** Where the next frame goes. */
  #position = FILE_HEADER_BYTES;
  #making: Promise<void> | null = null;
  #trouble: string | null = null;
  #retry: Cancel | null = null;
  #closed = false;

  private constructor(parts: RoomParts, home: string | undefined, segment: SegmentFile, zeros: Buffer) {
    this.#parts = parts;
    this.#home = home;
    this.#segment = segment;
    this.#zeros = zeros;
  }

  /** Begins a segment, with space for at least one frame. */
  static async begin(parts: RoomParts, header: FileHeader): Promise<Room> {
    const { disk, directory, limits } = parts;
    const zeros = Buffer.alloc(limits.stepBytes);
    const home = await disk.identity?.(directory.journal);
    const segment = await SegmentFile.create(disk, directory.sparePath, zeros);
    try {
      await segment.extend();
      await segment.begin(
        encodeFileHeader("SEGMENT", header),
        directory.segmentPath(header.first),
        directory.journal,
      );
    } catch (error) {
      await segment.close();
      throw error;
    }
    const room = new Room(parts, home, segment, zeros);
    room.tend();
    return room;
  }

  get segment(): SegmentFile {
    return this.#segment;
  }

  get position(): number {
    return this.#position;
  }

  /** Why space can't be made at present, or null. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Whether a frame goes into the open segment as it is. One zero stays after it, see tail.ts. */
  fits(bytes: number): boolean {
    return this.#position + bytes < this.#segment.made;
  }

  /**
   * Whether any frame can be taken, be it in the next segment.
   *
   * @param pending bytes of a frame that goes before it and isn't written yet; 0 if there is none.
   */
  hasRoom(pending: number): boolean {
    const { maxFrameBytes } = this.#parts.limits;
    if (this.fits(pending + maxFrameBytes)) return true;
    const spare = this.#readySpare();
    if (spare === null) return false;
    return this.fits(pending) || FILE_HEADER_BYTES + pending + maxFrameBytes < spare.made;
  }

  /** A frame was written. */
  advance(bytes: number): void {
    this.#position += bytes;
    this.tend();
  }

  /** Has more space made if little is left; returns at once. */
  tend(): void {
    if (this.#making !== null || this.#retry !== null || this.#closed || !this.#isLow()) return;
    this.#making = this.#make().finally(() => {
      this.#making = null;
    });
  }

  /**
   * Waits until a frame fits. Only needed by who didn't ask `hasRoom`, or when the segment is full.
   *
   * @param next the header of the segment that may have to be begun.
   * @returns the header's bytes if one was begun.
   * @throws what the disk said.
   */
  async makeFit(bytes: number, next: FileHeader): Promise<Buffer | null> {
    if (this.fits(bytes)) return null;
    const full = this.#position + bytes >= this.#parts.limits.segmentBytes;
    const spare = this.#readySpare();
    if (full && spare !== null) return this.#roll(spare, next);
    if (this.#making === null) this.tend();
    if (this.#making === null) throw new Error(`${this.#trouble}`);
    await this.#making;
    if (this.#trouble !== null) throw new Error(this.#trouble);
    return this.makeFit(bytes, next);
  }

  /** Waits for what is in flight, then closes the files. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#retry?.cancel();
    await this.#making;
    await this.#segment.close();
    await this.#spare?.close();
  }

  async #roll(spare: SegmentFile, next: FileHeader): Promise<Buffer> {
    const { directory } = this.#parts;
    const header = encodeFileHeader("SEGMENT", next);
    await spare.begin(header, directory.segmentPath(next.first), directory.journal);
    await this.#expectHome();
    const full = this.#segment;
    this.#segment = spare;
    this.#spare = null;
    this.#position = FILE_HEADER_BYTES;
    await full.close();
    this.tend();
    return header;
  }

  /**
   * The open segment stays the same file wherever its directory goes, but a new one comes to be under a name: in a copy
   * that took the directory's place, it would be part of another journal.
   */
  async #expectHome(): Promise<void> {
    const { disk, directory } = this.#parts;
    if ((await disk.identity?.(directory.journal)) === this.#home) return;
    throw new DirectoryReplaced(directory.journal);
  }

  #readySpare(): SegmentFile | null {
    return this.#spare !== null && this.#spare.made > 0 ? this.#spare : null;
  }

  #isLow(): boolean {
    const ahead = this.#segment.made - this.#position + (this.#spare?.made ?? 0);
    return ahead < this.#parts.limits.roomAheadBytes;
  }

  async #make(): Promise<void> {
    const { disk, directory, limits, scheduler, onTrouble } = this.#parts;
    try {
      while (this.#isLow() && !this.#closed) {
        if (this.#segment.made + limits.stepBytes <= limits.segmentBytes) {
          await this.#segment.extend();
        } else {
          this.#spare ??= await SegmentFile.create(disk, directory.sparePath, this.#zeros);
          await this.#spare.extend();
        }
      }
      if (this.#trouble !== null) onTrouble(null);
      this.#trouble = null;
    } catch (error) {
      const why = explainNoSpace(error);
      if (this.#trouble === null) onTrouble(why);
      this.#trouble = why;
      if (this.#closed) return;
      this.#retry = scheduler.after(limits.roomRetryMs, () => {
        this.#retry = null;
        this.tend();
      });
    }
  }
}
