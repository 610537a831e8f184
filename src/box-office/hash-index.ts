/**
 * From a 32-bit hash to numbers, without an object per entry: a million small objects would be carried through every
 * collection of the garbage collector, and a Map ends at 2^24 entries.
 *
 * Open addressing with linear probing (Knuth, The Art of Computer Programming 3, 6.4), cut into 64 tables by the
 * upper bits of the hash, so that growing moves one small table and never stops the sale for long. Entries are never
 * removed.
 *
 * A million entries don't fit the processor's caches, and putting each where its hash says is a walk through memory.
 * So new ones wait, in the order of arrival, beside the table that they belong to, and go into it together when somebody
 * looks there, or when so many wait that whoever looked would be kept waiting. An index that nobody looks into has no
 * tables at all before that. Where somebody has just looked, what comes goes to its place at once: the way there was gone.
 *
 * A byte of each entry's hash, its tag, stands apart, close together with those of its neighbours. Whoever looks for what
 * isn't there, as for every new code, reads a few of these bytes and seldom an entry.
 */
const TABLES = 64;

/** A hash's upper bits say which. */
const TABLE_SHIFT = 26;

const FIRST_WORDS = 16;

const FIRST_PLACES = 8;

/** Of a hash's 32 bits, those from here on are its tag. */
const TAG_SHIFT = 18;

/** Two words for each of 32,768 entries, which take a millisecond or two to be put into their places. */
const MOST_WAITING_WORDS = 1 << 16;

/** One empty place, so that nothing is found there. */
const NO_TAGS = new Uint8Array(1);

const NO_WORDS = new Uint32Array(0);

export class HashIndex {
  readonly #tables: Table[] = Array.from({ length: TABLES }, () => new Table());

  /** @param hash a signed integer of 32 bits. @param value from 0 to 2^32 - 1. The same hash may be added many times. */
  add(hash: number, value: number): void {
    (this.#tables[hash >>> TABLE_SHIFT] as Table).add(hash, value);
  }

  /**
   * The first value under this hash that `accepts` takes, or -1.
   *
   * @param wanted handed on to `accepts`, so that it needn't be made anew for each look.
   */
  find<Wanted>(hash: number, wanted: Wanted, accepts: (value: number, wanted: Wanted) => boolean): number {
    return (this.#tables[hash >>> TABLE_SHIFT] as Table).find(hash, wanted, accepts);
  }
}

class Table {
  /** Of each place a byte of its entry's hash that is never zero, or zero where it is empty. */
  #tags = NO_TAGS;
  /** Of two words each: the hash, and the value. */
  #entries = NO_WORDS;
  #size = 0;
  /** Somebody looked here since the last entry came. */
  #isLookedInto = false;
  /** Entries that wait for their places, and the words that they take. */
  #waiting = NO_WORDS;
  #waitingWords = 0;

  add(hash: number, value: number): void {
    if (this.#isLookedInto && this.#waitingWords === 0) {
      this.#isLookedInto = false;
      this.#makeRoom(1);
      put(this.#tags, this.#entries, hash, value);
      return;
    }
    if (this.#waitingWords === MOST_WAITING_WORDS) this.#settle();
    if (this.#waitingWords === this.#waiting.length) this.#waiting = lengthened(this.#waiting);
    this.#waiting[this.#waitingWords] = hash;
    this.#waiting[this.#waitingWords + 1] = value;
    this.#waitingWords += 2;
  }

  find<Wanted>(hash: number, wanted: Wanted, accepts: (value: number, wanted: Wanted) => boolean): number {
    this.#isLookedInto = true;
    if (this.#waitingWords > 0) this.#settle();
    const tags = this.#tags;
    const mask = tags.length - 1;
    const tagged = tagOf(hash);
    let at = hash & mask;
    for (let tag = tags[at] as number; tag !== 0; tag = tags[at] as number) {
      if (tag === tagged && ((this.#entries[at * 2] as number) | 0) === hash) {
        const value = this.#entries[at * 2 + 1] as number;
        if (accepts(value, wanted)) return value;
      }
      at = (at + 1) & mask;
    }
    return -1;
  }

  #settle(): void {
    const waiting = this.#waiting;
    const words = this.#waitingWords;
    this.#waiting = NO_WORDS;
    this.#waitingWords = 0;
    this.#makeRoom(words / 2);
    for (let at = 0; at < words; at += 2) {
      put(this.#tags, this.#entries, waiting[at] as number, waiting[at + 1] as number);
    }
  }

  /** So that entries fill two thirds of the places at most, with so many more. */
  #makeRoom(more: number): void {
    this.#size += more;
    const { length } = this.#tags;
    if (this.#size * 3 <= length * 2) return;
    let longer = Math.max(FIRST_PLACES, length * 2);
    while (this.#size * 3 > longer * 2) longer *= 2;
    const tags = new Uint8Array(longer);
    const entries = new Uint32Array(longer * 2);
    for (let at = 0; at < length; at++) {
      if (this.#tags[at] === 0) continue;
      put(tags, entries, this.#entries[at * 2] as number, this.#entries[at * 2 + 1] as number);
    }
    this.#tags = tags;
    this.#entries = entries;
  }
}

function put(tags: Uint8Array, entries: Uint32Array, hash: number, value: number): void {
  const mask = tags.length - 1;
  let at = hash & mask;
  while (tags[at] !== 0) at = (at + 1) & mask;
  tags[at] = tagOf(hash);
  entries[at * 2] = hash;
  entries[at * 2 + 1] = value;
}

/** From bits that say neither which table nor, in any but the largest, which place. */
function tagOf(hash: number): number {
  return (hash >>> TAG_SHIFT) & 0xff || 1;
}

function lengthened(waiting: Uint32Array): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(Math.max(FIRST_WORDS, waiting.length * 2));
  longer.set(waiting);
  return longer;
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

/** Spreads a hash over all of its 32 bits. It keeps its sign: as a positive number every other one would be an object for V8. */
export function finishHash(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
