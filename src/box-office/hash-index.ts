/**
 * From a 32-bit hash to numbers, without an object per entry: a million small objects would be carried through every
 * collection of the garbage collector, and a Map ends at 2^24 entries.
 *
 * Open addressing with linear probing (Knuth, The Art of Computer Programming 3, 6.4), cut into 256 tables by the upper bits
 * of the hash, so that growing moves one small table and never stops the sale for long. Entries are never removed.
 */
const TABLES = 256;

const FIRST_SLOTS = 16;

export class HashIndex {
  /** Slots of two words each: the hash, and the value plus one; a zero there means empty. */
  readonly #tables: Uint32Array[] = Array.from({ length: TABLES }, () => new Uint32Array(2 * FIRST_SLOTS));
  readonly #sizes = new Uint32Array(TABLES);

  /** @param value from 0 to 2^32 - 2. The same hash may be added many times. */
  add(hash: number, value: number): void {
    const number = hash >>> 24;
    const size = (this.#sizes[number] ?? 0) + 1;
    let table = this.#tables[number] as Uint32Array;
    // Two thirds full at most: slots are pairs, so a table of n words has n / 2.
    if (size * 3 > table.length) {
      table = grown(table);
      this.#tables[number] = table;
    }
    this.#sizes[number] = size;
    put(table, hash, value + 1);
  }

  /** The first value under this hash that `accepts` takes, or -1. */
  find(hash: number, accepts: (value: number) => boolean): number {
    const table = this.#tables[hash >>> 24] as Uint32Array;
    const mask = table.length - 1;
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const value = table[at + 1] as number;
      if (value === 0) return -1;
      if (table[at] === hash && accepts(value - 1)) return value - 1;
    }
  }
}

function grown(table: Uint32Array): Uint32Array {
  const larger = new Uint32Array(table.length * 2);
  for (let at = 0; at < table.length; at += 2) {
    const value = table[at + 1] as number;
    if (value !== 0) put(larger, table[at] as number, value);
  }
  return larger;
}

function put(table: Uint32Array, hash: number, value: number): void {
  const mask = table.length - 1;
  let at = (hash << 1) & mask;
  while (table[at + 1] !== 0) at = (at + 2) & mask;
  table[at] = hash;
  table[at + 1] = value;
}
