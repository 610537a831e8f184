/** Writes a snapshot record by record: packs them into frames, and holds one frame at a time. */
import { writeAll, type Disk, type DiskFile } from "./disk.ts";
import { encodeFileHeader, FILE_HEADER_BYTES, type FileHeader } from "./file-header.ts";
import { chainHash, END, FRAME_HEADER_BYTES, FrameEncoder, PURCHASES, type FrameKind } from "./frame.ts";

export class SnapshotWriter {
  readonly #file: DiskFile;
  readonly #encoder: FrameEncoder;
  /** Characters of JSON in a frame, so few that it fits whatever they take as bytes. */
  readonly #frameCharacters: number;
  #hash: Buffer;
  #position = FILE_HEADER_BYTES;
  /** Records written, which is the offset of the next one. */
  #offset = 0;
  #purchases = 0;
  #pending: string[] = [];
  #pendingKind: FrameKind = PURCHASES;
  #pendingCharacters = 0;

  private constructor(file: DiskFile, header: Buffer, maxFrameBytes: number) {
    this.#file = file;
    this.#encoder = new FrameEncoder(maxFrameBytes);
    this.#frameCharacters = Math.floor((maxFrameBytes - FRAME_HEADER_BYTES) / 4);
    this.#hash = chainHash(header);
  }

  static async create(
    disk: Disk,
    path: string,
    header: FileHeader,
    maxFrameBytes: number,
  ): Promise<SnapshotWriter> {
    const file = await disk.open(path, "scratch");
    const bytes = encodeFileHeader("SNAPSHOT", header);
    try {
      await writeAll(file, bytes, 0);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new SnapshotWriter(file, bytes, maxFrameBytes);
  }

  get bytes(): number {
    return this.#position;
  }

  get purchases(): number {
    return this.#purchases;
  }

  /** @returns a promise where a frame became full and is being written: wait for it. */
  add(kind: FrameKind, record: object): Promise<void> | undefined {
    const json = JSON.stringify(record);
    const isFull = this.#pendingCharacters + json.length > this.#frameCharacters;
    const flushed = isFull || kind !== this.#pendingKind ? this.#flush() : undefined;
    this.#pendingKind = kind;
    this.#pending.push(json);
    this.#pendingCharacters += json.length + 1;
    if (kind === PURCHASES) this.#purchases += 1;
    return flushed;
  }

  /** Takes a frame of purchases from another snapshot, without looking at what it says. */
  copy(count: number, frame: Buffer): Promise<void> {
    this.#purchases += count;
    return this.#write(PURCHASES, count, this.#encoder.payloadBytes(frame.subarray(FRAME_HEADER_BYTES)));
  }

  /** Writes what says that nothing is missing, and makes everything durable. */
  async end(): Promise<void> {
    await this.#flush();
    await this.#write(END, 1, this.#payload(JSON.stringify([{ records: this.#offset }])));
    await this.#file.sync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #flush(): Promise<void> | undefined {
    const count = this.#pending.length;
    if (count === 0) return undefined;
    const bytes = this.#payload(`[${this.#pending.join(",")}]`);
    this.#pending = [];
    this.#pendingCharacters = 0;
    return this.#write(this.#pendingKind, count, bytes);
  }

  #payload(json: string): number {
    const bytes = this.#encoder.payload(json);
    if (bytes === null) throw new Error("a record is too long for a frame");
    return bytes;
  }

  #write(kind: FrameKind, count: number, bytes: number): Promise<void> {
    const frame = this.#encoder.seal(kind, bytes, this.#offset, count, this.#hash);
    const position = this.#position;
    this.#hash = chainHash(frame);
    this.#offset += count;
    this.#position += bytes;
    return writeAll(this.#file, frame, position);
  }
}
