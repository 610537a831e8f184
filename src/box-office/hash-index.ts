/**
 * From a 32-bit hash to numbers, without an object per entry: a million small objects would be carried through every
 * collection of the garbage collector, and a Map ends at 2^24 entries.
 *
 * Open addressing with linear probing (Knuth, The Art of Computer Programming 3, 6.4), cut into 64 tables by the
 * upper bits of the hash, so that growing moves one small table and never stops the sale for long. Entries are never
 * removed.
 *
 * A million entries don't fit the processor's caches, and putting each where its hash says is a walk through memory.
 * So new ones wait, in the order of arrival, beside the table that they belong to, and go into it together: when somebody
 * looks there and more wait than are soon looked through, or when so many wait that whoever looked would be kept waiting.
 * Before that, an index that nobody looks into has no tables at all.
 */
const TABLES = 64;

/** A hash's upper bits say which. */
const TABLE_SHIFT = 26;

const FIRST_WORDS = 16;

/** Of the entries that wait in a table, as many words are looked through; of more, all go into the table first. */
const SEEN_WORDS = 64;

/** Two words for each of 32,768 entries, which take a millisecond or two to be put into their places. */
const MOST_WAITING_WORDS = 1 << 16;

const EMPTY = new Uint32Array(2);

export class HashIndex {
  readonly #tables: Table[] = Array.from({ length: TABLES }, () => new Table());

  /** @param value from 0 to 2^32 - 2. The same hash may be added many times. */
  add(hash: number, value: number): void {
    (this.#tables[hash >>> TABLE_SHIFT] as Table).add(hash, value);
  }

  /** The first value under this hash that `accepts` takes, or -1. */
  find(hash: number, accepts: (value: number) => boolean): number {
    return (this.#tables[hash >>> TABLE_SHIFT] as Table).find(hash, accepts);
  }
}

class Table {
  /** Of two words each: the hash, and the value plus one; a zero there means empty. */
  #slots = EMPTY;
  #size = 0;
  /** Entries like the slots, and the words that they take. */
  #waiting = new Uint32Array(0);
  #waitingWords = 0;

  add(hash: number, value: number): void {
    if (this.#waitingWords === MOST_WAITING_WORDS) this.#settle();
    if (this.#waitingWords === this.#waiting.length) this.#waiting = lengthened(this.#waiting);
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
    this.#slots = withRoom(this.#slots, this.#size);
    for (let at = 0; at < words; at += 2) put(this.#slots, waiting[at] as number, waiting[at + 1] as number);
    if (words > SEEN_WORDS * 2) this.#waiting = new Uint32Array(0);
  }
}

function lengthened(waiting: Uint32Array): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(Math.max(FIRST_WORDS, waiting.length * 2));
  longer.set(waiting);
  return longer;
}

/** The table, or a larger one with the same entries, so that `size` of them fill two thirds of it at most. */
function withRoom(table: Uint32Array<ArrayBuffer>, size: number): Uint32Array<ArrayBuffer> {
  // Slots are pairs, so as many words have half as many slots.
  let words = Math.max(FIRST_WORDS, table.length);
  while (size * 3 > words) words *= 2;
  if (words === table.length) return table;
  const larger = new Uint32Array(words);
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
