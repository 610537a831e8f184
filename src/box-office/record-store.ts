/**
 * Numbers and text packed into words of 32 bits, one record after the other. A purchase takes about 140 bytes here; as
 * objects it would take three times that, and the garbage collector would walk through all of them.
 *
 * A text is a word with its length and whether it is wide, then its characters: four to a word, or two where one of
 * them needs more than eight bits.
 *
 * A record lies in one chunk and is named by a reference: its place in pairs of words, which fits 32 bits up to
 * 32 GiB.
 */
import { hashText, hashWord, packText } from "./hash-index.ts";

/** A mebibyte. */
const CHUNK_WORDS = 1 << 18;

const TWO_TO_32 = 0x1_0000_0000;

export class RecordStore {
  readonly #chunks: Uint32Array[] = [];
  #chunk = new Uint32Array(0);
  /** Words before the open chunk. */
  #base = 0;
  #at = 0;

  /**
   * Begins a record; what is written then belongs to it, until `end`.
   *
   * @param words as many as it will take, or more; see `textWords`.
   * @returns its reference, from 0 to 2^32 - 2.
   */
  begin(words: number): number {
    if (this.#at + words + 1 > this.#chunk.length) this.#open(words + 1);
    return (this.#base + this.#at) / 2;
  }

  end(): void {
    this.#at += this.#at & 1;
  }

  /** @param value an integer from 0 to 2^32 - 1; one word. */
  writeWord(value: number): void {
    this.#chunk[this.#at++] = value;
  }

  /** @param value an integer from 0 to 2^53 - 1; two words. */
  writeNumber(value: number): void {
    this.#chunk[this.#at++] = value;
    this.#chunk[this.#at++] = value / TWO_TO_32;
  }

  /** Writes a text and hashes it on the way, as `hashText` does. */
  writeText(text: string, seed: number): number {
    const { length } = text;
    const chunk = this.#chunk;
    const whole = length & ~3;
    let at = this.#at;
    chunk[at++] = length * 2;
    let hash = seed ^ length;
    let units = 0;
    let i = 0;
    for (; i < whole; i += 4) {
      const a = text.charCodeAt(i);
      const b = text.charCodeAt(i + 1);
      const c = text.charCodeAt(i + 2);
      const d = text.charCodeAt(i + 3);
      units |= a | b | c | d;
      const word = a | (b << 8) | (c << 16) | (d << 24);
      chunk[at++] = word;
      hash = hashWord(hash, word);
    }
    if (i < length) {
      const word = packText(text, i);
      for (; i < length; i++) units |= text.charCodeAt(i);
      chunk[at++] = word;
      hash = hashWord(hash, word);
    }
    if (units > 0xff) return this.#writeWideText(text, seed);
    this.#at = at;
    return hash;
  }

  /** Reads a record from its beginning. */
  read(reference: number): RecordReader {
    const place = reference * 2;
    return new RecordReader(
      this.#chunks[Math.floor(place / CHUNK_WORDS)] as Uint32Array,
      place % CHUNK_WORDS,
    );
  }

  #writeWideText(text: string, seed: number): number {
    this.writeWord(text.length * 2 + 1);
    for (let i = 0; i < text.length; i += 2) {
      const second = i + 1 < text.length ? text.charCodeAt(i + 1) : 0;
      this.writeWord(text.charCodeAt(i) | (second << 16));
    }
    return hashText(seed, text);
  }

  /** A record longer than a chunk gets one of its own, which counts as several. */
  #open(words: number): void {
    const span = Math.max(1, Math.ceil(words / CHUNK_WORDS));
    this.#base = this.#chunks.length * CHUNK_WORDS;
    this.#chunk = new Uint32Array(span * CHUNK_WORDS);
    for (let i = 0; i < span; i++) this.#chunks.push(this.#chunk.subarray(i * CHUNK_WORDS));
    this.#at = 0;
  }
}

export class RecordReader {
  readonly #words: Uint32Array;
  #at: number;

  constructor(words: Uint32Array, at: number) {
    this.#words = words;
    this.#at = at;
  }

  word(): number {
    return this.#words[this.#at++] as number;
  }

  number(): number {
    const low = this.word();
    return low + this.word() * TWO_TO_32;
  }

  text(): string {
    const header = this.word();
    const length = header >>> 1;
    const bits = (header & 1) === 1 ? 16 : 8;
    const perWord = 32 / bits;
    const units: number[] = [];
    for (let i = 0; i < length; i += perWord) {
      let rest = this.word();
      for (let unit = i; unit < length && unit < i + perWord; unit++, rest >>>= bits) {
        units.push(bits === 8 ? rest & 0xff : rest & 0xffff);
      }
    }
    let text = "";
    for (const unit of units) text += String.fromCharCode(unit);
    return text;
  }
}

/** An upper bound of the words that a text takes. */
export function textWords(text: string): number {
  return 2 + (text.length >>> 1);
}
