/**
 * A segment that is written to. Its length grows in whole steps by `truncate`, which a crash can't leave half done,
 * and only then are the new bytes written as zeros; so its length is a multiple of the step at every instant, and a
 * frame goes into blocks that exist already and costs no metadata.
 */
import { writeAll, writeFully, type Disk, type DiskFile } from "./disk.ts";

export class SegmentFile {
  readonly #disk: Disk;
  readonly #file: DiskFile;
  readonly #zeros: Buffer;
  #path: string;
  #made = 0;

  private constructor(disk: Disk, path: string, file: DiskFile, zeros: Buffer) {
    this.#disk = disk;
    this.#path = path;
    this.#file = file;
    this.#zeros = zeros;
  }

  /** A new segment without a name of its own or space. @param zeros one step of them. */
  static async create(disk: Disk, path: string, zeros: Buffer): Promise<SegmentFile> {
    return new SegmentFile(disk, path, await disk.open(path, "durable"), zeros);
  }

  get path(): string {
    return this.#path;
  }

  /** Bytes from the start that may be written to. */
  get made(): number {
    return this.#made;
  }

  /** Makes one more step. May be repeated after it failed: nothing was there to lose. */
  async extend(): Promise<void> {
    const length = this.#made + this.#zeros.length;
    await this.#file.truncate(length);
    await writeAll(this.#file, this.#zeros, this.#made);
    this.#made = length;
  }

  /** Writes the header and takes the name; from then on the segment is part of the journal. */
  async begin(header: Buffer, path: string, directory: string): Promise<void> {
    await writeAll(this.#file, header, 0);
    await this.#disk.rename(this.#path, path);
    this.#path = path;
    await this.#disk.syncDirectory(directory);
  }

  /** Durable when `done` is called without an error. */
  write(frame: Buffer, position: number, done: (error: Error | null) => void): void {
    writeFully(this.#file, frame, position, done);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
