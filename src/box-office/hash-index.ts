/**
 * From a 32-bit hash to numbers, without an object per entry: a million small objects would be carried through every
 * collection of the garbage collector, and a Map ends at 2^24 entries.
 *
 * Open addressing with linear probing (Knuth, The Art of Computer Programming 3, 6.4), cut into 64 tables by the
 * upper bits of the hash, so that growing moves one small table and never stops the sale for long. Entries are never
 * removed.
 *
 * A million entries don't fit the processor's caches, and to go where a hash says is to wait for memory each time. Two things
 * save most of that:
 *
 * - New entries wait beside the table that they belong to, in the order of arrival, and go into it together. Their places
 *   are read first, all of them: the processor waits for many at once then, where it would wait for one after the other if
 *   it had to know first whether a place is free.
 * - Where nearly all that is looked for isn't there, as with new ticket codes, there is a filter before the table, in which
 *   each entry has set one bit by its hash (a Bloom filter with one hash function; Bloom, 1970): whoever finds that bit
 *   unset has looked at one word. One bit in 24 is set at most in a large table, so as often somebody looks further in vain.
 */
const TABLES = 64;

const FIRST_SLOTS = 16;

/** Words of the entries that may wait beside a table, two for each. */
const WAITING_WORDS = 128;

/** Bits of the filter for each slot; a power of two. */
const BITS_PER_SLOT = 16;

export class HashIndex {
  readonly #tables: Table[];

  /** @param seldomHas most of what is looked for isn't there. */
  constructor({ seldomHas }: { readonly seldomHas: boolean }) {
    this.#tables = Array.from({ length: TABLES }, () => new Table(seldomHas));
  }

  /** @param value from 0 to 2^32 - 2. The same hash may be added many times. */
  add(hash: number, value: number): void {
    (this.#tables[hash >>> 26] as Table).add(hash, value);
  }

  /** The first value under this hash that `accepts` takes, or -1. */
  find(hash: number, accepts: (value: number) => boolean): number {
    return (this.#tables[hash >>> 26] as Table).find(hash, accepts);
  }
}

class Table {
  /** Of two words each: the hash, and the value plus one; a zero there means empty. */
  #slots: Uint32Array = new Uint32Array(FIRST_SLOTS * 2);
  #size = 0;
  /** Entries like the slots, and the words that they take. */
  readonly #waiting = new Uint32Array(WAITING_WORDS);
  #waitingWords = 0;
  #filter: Uint32Array | null;

  constructor(hasFilter: boolean) {
    this.#filter = hasFilter ? filterFor(this.#slots) : null;
  }

  add(hash: number, value: number): void {
    if (this.#waitingWords === WAITING_WORDS) this.#settle();
    this.#waiting[this.#waitingWords] = hash;
    this.#waiting[this.#waitingWords + 1] = value + 1;
    this.#waitingWords += 2;
    if (this.#filter !== null) mark(this.#filter, hash);
  }

  find(hash: number, accepts: (value: number) => boolean): number {
    if (this.#filter !== null && !isMarked(this.#filter, hash)) return -1;
    const waiting = this.#waiting;
    for (let at = 0; at < this.#waitingWords; at += 2) {
      const value = waiting[at + 1] as number;
      if (waiting[at] === hash && accepts(value - 1)) return value - 1;
    }
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = (hash << 1) & mask;
    for (let value = slots[at + 1] as number; value !== 0; value = slots[at + 1] as number) {
      if (slots[at] === hash && accepts(value - 1)) return value - 1;
      at = (at + 2) & mask;
    }
    return -1;
  }

  #settle(): void {
    const waiting = this.#waiting;
    const words = this.#waitingWords;
    this.#size += words / 2;
    this.#waitingWords = 0;
    // Two thirds full at most: slots are pairs, so as many words have half as many slots.
    while (this.#size * 3 > this.#slots.length) this.#grow();
    readPlaces(this.#slots, waiting, words);
    for (let at = 0; at < words; at += 2) put(this.#slots, waiting[at] as number, waiting[at + 1] as number);
  }

  #grow(): void {
    this.#slots = grown(this.#slots);
    if (this.#filter === null) return;
    this.#filter = filterFor(this.#slots);
    markAll(this.#filter, this.#slots);
    markAll(this.#filter, this.#waiting);
  }
}

/** Where what was read goes: without a use for it the reading could be left out. */
const sink = new Uint32Array(1);

/** Reads the places where entries want to go, so that they lie in the processor's caches. */
function readPlaces(slots: Uint32Array, entries: Uint32Array, words: number): void {
  const mask = slots.length - 1;
  let read = 0;
  for (let at = 0; at < words; at += 2) read ^= slots[((entries[at] as number) << 1) & mask] as number;
  sink[0] = read;
}

function filterFor(slots: Uint32Array): Uint32Array {
  return new Uint32Array(((slots.length / 2) * BITS_PER_SLOT) / 32);
}

/** @param entries as in a table: those with a zero for their value aren't there. */
function markAll(filter: Uint32Array, entries: Uint32Array): void {
  for (let at = 0; at < entries.length; at += 2) {
    if (entries[at + 1] !== 0) mark(filter, entries[at] as number);
  }
}

function mark(filter: Uint32Array, hash: number): void {
  const at = wordOf(filter, hash);
  filter[at] = (filter[at] as number) | (1 << (hash & 31));
}

function isMarked(filter: Uint32Array, hash: number): boolean {
  return (((filter[wordOf(filter, hash)] as number) >>> (hash & 31)) & 1) === 1;
}

function wordOf(filter: Uint32Array, hash: number): number {
  return (hash >>> 5) & (filter.length - 1);
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
 * The hash of a text on top of another; not finished (see `finishHash`), so that more may follow. Four characters a
 * step, in the manner of MurmurHash3 (Appleby, public domain), whose constants these are. Characters of more than
 * eight bits overlap, which costs evenness and nothing else.
 */
export function hashText(seed: number, text: string): number {
  let hash = seed ^ text.length;
  for (let i = 0; i < text.length; i += 4) hash = hashWord(hash, packText(text, i));
  return hash;
}

/** Up to four characters from `start` on, the first in the lowest bits. */
export function packText(text: string, start: number): number {
  const end = Math.min(text.length, start + 4);
  let word = 0;
  for (let i = start; i < end; i++) word |= text.charCodeAt(i) << ((i - start) * 8);
  return word;
}

/** One step of `hashText`. */
export function hashWord(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x85ebca6b);
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
