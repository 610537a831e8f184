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
 * Whoever looks for what isn't there, as for every new code, waits for memory all the same, and for each look anew. Who
 * knows a few hundred looks ahead says so first (`prefetch`): memory then brings all of the places at the same time, and
 * the looks find them near.
 */
const TABLES = 64;

/** A hash's upper bits say which. */
const TABLE_SHIFT = 26;

const FIRST_WORDS = 16;

/** Two words for each of 32,768 entries, which take a millisecond or two to be put into their places. */
const MOST_WAITING_WORDS = 1 << 16;

const NO_WORDS = new Uint32Array(0);

/** One empty place, so that nothing is found there. */
const NO_ENTRIES = new Uint32Array(2);

export class HashIndex {
  readonly #tables: Table[] = Array.from({ length: TABLES }, () => new Table());
  /** What `prefetch` read last. It is of no use, but the compiler would leave the reading out if nobody kept it. */
  prefetched = 0;

  /** @param hash a signed integer of 32 bits. @param value from 0 to 2^32 - 2. The same hash may be added many times. */
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

  /**
   * Reads where each of these hashes would be looked for first, and nothing else, so that a processor which runs ahead of
   * what it waits for has many of the places on their way at once: group prefetching (Chen, Ailamaki, Gibbons and Mowry,
   * Improving Hash Join Performance through Prefetching, ICDE 2004), without an instruction for it.
   */
  prefetch(hashes: Int32Array, count: number): void {
    let read = 0;
    for (let i = 0; i < count; i++) {
      const hash = hashes[i] as number;
      read |= (this.#tables[hash >>> TABLE_SHIFT] as Table).firstAt(hash);
    }
    this.prefetched = read;
  }
}

class Table {
  /** Of two words each: the hash, and the value and one; nothing of an empty place. */
  #entries = NO_ENTRIES;
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
      put(this.#entries, hash, value + 1);
      return;
    }
    if (this.#waitingWords === MOST_WAITING_WORDS) this.#settle();
    if (this.#waitingWords === this.#waiting.length) this.#waiting = lengthened(this.#waiting);
    this.#waiting[this.#waitingWords] = hash;
    this.#waiting[this.#waitingWords + 1] = value + 1;
    this.#waitingWords += 2;
  }

  find<Wanted>(hash: number, wanted: Wanted, accepts: (value: number, wanted: Wanted) => boolean): number {
    this.#isLookedInto = true;
    if (this.#waitingWords > 0) this.#settle();
    const entries = this.#entries;
    const mask = entries.length - 1;
    let at = firstPlace(hash, mask);
    for (let kept = entries[at + 1] as number; kept !== 0; kept = entries[at + 1] as number) {
      if (((entries[at] as number) | 0) === hash && accepts(kept - 1, wanted)) return kept - 1;
      at = (at + 2) & mask;
    }
    return -1;
  }

  /** What stands where a look for this hash begins. */
  firstAt(hash: number): number {
    const entries = this.#entries;
    return entries[firstPlace(hash, entries.length - 1)] as number;
  }

  #settle(): void {
    const waiting = this.#waiting;
    const words = this.#waitingWords;
    this.#waiting = NO_WORDS;
    this.#waitingWords = 0;
    this.#makeRoom(words / 2);
    for (let at = 0; at < words; at += 2) {
      put(this.#entries, waiting[at] as number, waiting[at + 1] as number);
    }
  }

  /** So that entries fill two thirds of the places at most, with so many more. */
  #makeRoom(more: number): void {
    this.#size += more;
    const { length } = this.#entries;
    if (this.#size * 3 <= length) return;
    let longer = Math.max(FIRST_WORDS, length * 2);
    while (this.#size * 3 > longer) longer *= 2;
    const entries = new Uint32Array(longer);
    for (let at = 0; at < length; at += 2) {
      const kept = this.#entries[at + 1] as number;
      if (kept !== 0) put(entries, this.#entries[at] as number, kept);
    }
    this.#entries = entries;
  }
}

/** @param kept the value and one. */
function put(entries: Uint32Array, hash: number, kept: number): void {
  const mask = entries.length - 1;
  let at = firstPlace(hash, mask);
  while (entries[at + 1] !== 0) at = (at + 2) & mask;
  entries[at] = hash;
  entries[at + 1] = kept;
}

/** By the lower bits, as the upper ones say which table. @param mask over the words of its entries. */
function firstPlace(hash: number, mask: number): number {
  return (hash << 1) & mask;
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
