/**
 * From a 32-bit hash to numbers, without an object per entry: a million small objects would be carried through every
 * collection of the garbage collector, and a Map ends at 2^24 entries.
 *
 * Open addressing with linear probing (Knuth, The Art of Computer Programming 3, 6.4), cut into 256 tables by the
 * upper bits of the hash, so that growing moves one small table and never stops the sale for long. Entries are never
 * removed.
 *
 * A million entries don't fit the processor's caches, and putting each where its hash says is a walk through memory.
 * So new ones wait, in the order of arrival, beside the table that they belong to, and go into it together: when some
 * have gathered, or when somebody looks there.
 */
const TABLES = 256;

const FIRST_SLOTS = 16;

/** Entries that wait beside a table at most. */
const WAITING = 128;

export class HashIndex {
  /** Slots of two words each: the hash, and the value plus one; a zero there means empty. */
  readonly #tables: Uint32Array[] = Array.from({ length: TABLES }, () => new Uint32Array(2 * FIRST_SLOTS));
  readonly #sizes = new Uint32Array(TABLES);
  /** For each table its waiting entries, as pairs like the slots, and how many they are. */
  readonly #waiting = new Uint32Array(TABLES * WAITING * 2);
  readonly #waitingCounts = new Uint32Array(TABLES);

  /** @param value from 0 to 2^32 - 2. The same hash may be added many times. */
  add(hash: number, value: number): void {
    const number = hash >>> 24;
    let count = this.#waitingCounts[number] as number;
    if (count === WAITING) {
      this.#settle(number);
      count = 0;
    }
    const at = (number * WAITING + count) * 2;
    this.#waiting[at] = hash;
    this.#waiting[at + 1] = value + 1;
    this.#waitingCounts[number] = count + 1;
  }

  /** The first value under this hash that `accepts` takes, or -1. */
  find(hash: number, accepts: (value: number) => boolean): number {
    const number = hash >>> 24;
    this.#settle(number);
    const table = this.#tables[number] as Uint32Array;
    const mask = table.length - 1;
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const value = table[at + 1] as number;
      if (value === 0) return -1;
      if (table[at] === hash && accepts(value - 1)) return value - 1;
    }
  }

  /** Puts the entries that wait beside a table into it. */
  #settle(number: number): void {
    const count = this.#waitingCounts[number] as number;
    if (count === 0) return;
    const size = (this.#sizes[number] as number) + count;
    let table = this.#tables[number] as Uint32Array;
    // Two thirds full at most: slots are pairs, so a table of n words has n / 2.
    while (size * 3 > table.length) table = grown(table);
    const first = number * WAITING * 2;
    for (let at = first; at < first + count * 2; at += 2) {
      put(table, this.#waiting[at] as number, this.#waiting[at + 1] as number);
    }
    this.#tables[number] = table;
    this.#sizes[number] = size;
    this.#waitingCounts[number] = 0;
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

/**
 * The hash of a text on top of another; not finished (see `finishHash`), so that more may follow. Two characters a
 * step, in the manner of MurmurHash3 (Appleby, public domain), whose constants these are.
 */
export function hashText(seed: number, text: string): number {
  const { length } = text;
  const even = length & ~1;
  let hash = seed ^ length;
  for (let i = 0; i < even; i += 2) hash = hashPair(hash, text.charCodeAt(i), text.charCodeAt(i + 1));
  return even === length ? hash : hashPair(hash, text.charCodeAt(even), 0);
}

/** One step of `hashText`. */
export function hashPair(hash: number, first: number, second: number): number {
  const mixed = Math.imul(hash ^ (first | (second << 16)), 0x85ebca6b);
  return (mixed << 13) | (mixed >>> 19);
}

/** Spreads a hash over all of its 32 bits, without a sign. */
export function finishHash(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
