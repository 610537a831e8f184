/**
 * From a 32-bit hash to numbers, without an object per entry: a million small objects would be carried through every
 * collection of the garbage collector, and a Map ends at 2^24 entries.
 *
 * Open addressing with linear probing (Knuth, The Art of Computer Programming 3, 6.4), cut into 64 tables by the
 * upper bits of the hash, so that growing moves one small table and never stops the sale for long. Entries are never
 * removed.
 *
 * A million entries don't fit the processor's caches, and putting each where its hash says is a walk through memory.
 * So new ones wait, in the order of arrival, beside the table that they belong to, and go into it together: when half
 * as many have gathered as it has slots, or when somebody looks there and more wait than are soon looked through.
 */
const TABLES = 64;

const FIRST_SLOTS = 16;

/** Of the entries that wait in a table, as many words are looked through; of more, all go into the table first. */
const SEEN_WORDS = 128;

export class HashIndex {
  readonly #tables: Table[] = Array.from({ length: TABLES }, () => new Table());

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
  #waiting = new Uint32Array(FIRST_SLOTS);
  #waitingWords = 0;

  add(hash: number, value: number): void {
    if (this.#waitingWords === this.#waiting.length) this.#settle();
    this.#waiting[this.#waitingWords] = hash;
    this.#waiting[this.#waitingWords + 1] = value + 1;
    this.#waitingWords += 2;
  }

  find(hash: number, accepts: (value: number) => boolean): number {
    if (this.#waitingWords > SEEN_WORDS) this.#settle();
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
    if (this.#size * 3 > this.#slots.length) {
      this.#slots = grown(this.#slots);
      this.#waiting = new Uint32Array(this.#slots.length / 2);
    }
    for (let at = 0; at < words; at += 2) put(this.#slots, waiting[at] as number, waiting[at + 1] as number);
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
