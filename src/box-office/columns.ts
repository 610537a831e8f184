/**
 * Growing storage for a million small records that the garbage collector never has to look at: numbers in columns,
 * text in one arena. Both grow by whole chunks, so nothing that was written is ever moved.
 */

const CHUNK_BITS = 16;
const CHUNK_ROWS = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_ROWS - 1;

/** UTF-16 units in one chunk of the arena; no text may be longer. */
const ARENA_CHUNK = 1 << 20;

type NumberArray = Float64Array | Uint32Array;

/** One field of every record. `Make` decides its range: `Uint32Array`, or `Float64Array` for integers up to 2^53. */
export class Column {
  readonly #make: new (length: number) => NumberArray;
  readonly #chunks: NumberArray[] = [];
  #length = 0;

  constructor(make: new (length: number) => NumberArray) {
    this.#make = make;
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    const row = this.#length;
    const chunk = this.#chunks[row >>> CHUNK_BITS] ?? this.#grow();
    chunk[row & CHUNK_MASK] = value;
    this.#length = row + 1;
  }

  /** @throws {RangeError} if there is no such row. */
  at(row: number): number {
    const value = row < this.#length ? this.#chunks[row >>> CHUNK_BITS]?.[row & CHUNK_MASK] : undefined;
    if (value === undefined) throw new RangeError(`row ${row} of ${this.#length}`);
    return value;
  }

  #grow(): NumberArray {
    const chunk = new this.#make(CHUNK_ROWS);
    this.#chunks.push(chunk);
    return chunk;
  }
}

/** Texts, each found again by the address that `add` gave it and its length. */
export class TextArena {
  readonly #chunks: Uint16Array[] = [];
  #used = ARENA_CHUNK;

  /** @returns the address of the text. @throws {RangeError} if it is longer than a chunk. */
  add(text: string): number {
    if (text.length > ARENA_CHUNK) throw new RangeError(`a text of ${text.length} units is too long to keep`);
    if (this.#used + text.length > ARENA_CHUNK) {
      this.#chunks.push(new Uint16Array(ARENA_CHUNK));
      this.#used = 0;
    }
    const chunk = this.#chunkAt(this.#chunks.length - 1);
    const start = this.#used;
    for (let i = 0; i < text.length; i++) chunk[start + i] = text.charCodeAt(i);
    this.#used = start + text.length;
    return (this.#chunks.length - 1) * ARENA_CHUNK + start;
  }

  read(address: number, length: number): string {
    const start = address % ARENA_CHUNK;
    const units = this.#chunkAt((address - start) / ARENA_CHUNK).subarray(start, start + length);
    return String.fromCharCode(...units);
  }

  /** Whether `text` stands at this address, without making a string of what does. */
  holds(address: number, text: string): boolean {
    const start = address % ARENA_CHUNK;
    const chunk = this.#chunkAt((address - start) / ARENA_CHUNK);
    for (let i = 0; i < text.length; i++) {
      if (chunk[start + i] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  #chunkAt(index: number): Uint16Array {
    const chunk = this.#chunks[index];
    if (chunk === undefined) throw new RangeError(`chunk ${index} of ${this.#chunks.length}`);
    return chunk;
  }
}
