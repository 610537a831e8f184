/**
 * Numbers and text packed into bytes, one record after the other. A purchase takes about 90 bytes here; as objects it would take five times
 * that, and the garbage collector would walk through all of them.
 *
 * Numbers are base 128, lowest digit first, with the top bit set on all but the last (the varints of Protocol
 * Buffers). Text is its length and its characters, one byte each, or two where one of them needs it.
 *
 * A record lies in one chunk and is named by a reference: its place divided by eight, which fits 32 bits up to 32 GiB.
 */
import { hashPair } from "./hash-index.ts";

const CHUNK_BYTES = 1 << 20;

/** Records begin at multiples of this. */
const ALIGNMENT = 8;

/** What a number may take. */
const NUMBER_BYTES = 8;

export class RecordStore {
  readonly #chunks: Uint8Array[] = [];
  #chunk = new Uint8Array(0);
  /** Of the open chunk in the whole. */
  #base = 0;
  #at = 0;

  /**
   * Begins a record; `write…` and `end` then belong to it.
   *
   * @param bytes more than it will take; see `textBytes` and `numberBytes`.
   */
  begin(bytes: number): number {
    if (this.#at + bytes > this.#chunk.length) this.#open(bytes);
    return (this.#base + this.#at) / ALIGNMENT;
  }

  end(): void {
    this.#at = Math.ceil(this.#at / ALIGNMENT) * ALIGNMENT;
  }

  /** @param value an integer from 0 to 2^53 - 1. */
  writeNumber(value: number): void {
    const chunk = this.#chunk;
    let at = this.#at;
    let rest = value;
    if (value > 0x7fff_ffff) {
      // Beyond what the bit operators take; 28 bits are four digits.
      rest = Math.floor(value / 0x1000_0000);
      const low = value - rest * 0x1000_0000;
      chunk[at++] = (low & 127) | 0x80;
      chunk[at++] = ((low >>> 7) & 127) | 0x80;
      chunk[at++] = ((low >>> 14) & 127) | 0x80;
      chunk[at++] = (low >>> 21) | 0x80;
    }
    while (rest >= 128) {
      chunk[at++] = (rest & 127) | 0x80;
      rest >>>= 7;
    }
    chunk[at++] = rest;
    this.#at = at;
  }

  /** Writes a text and hashes it on the way, as `hashText` would. */
  writeText(text: string, seed: number): number {
    const { length } = text;
    const even = length & ~1;
    const start = this.#at;
    this.writeNumber(length * 2);
    const chunk = this.#chunk;
    let at = this.#at;
    let hash = seed ^ length;
    let units = 0;
    for (let i = 0; i < even; i += 2) {
      const first = text.charCodeAt(i);
      const second = text.charCodeAt(i + 1);
      chunk[at++] = first;
      chunk[at++] = second;
      units |= first | second;
      hash = hashPair(hash, first, second);
    }
    if (even !== length) {
      const last = text.charCodeAt(even);
      chunk[at++] = last;
      units |= last;
      hash = hashPair(hash, last, 0);
    }
    this.#at = at;
    if (units > 0xff) {
      this.#at = start;
      this.#writeWideText(text);
    }
    return hash;
  }

  /** Reads the record from its beginning. */
  read(reference: number): RecordReader {
    const place = reference * ALIGNMENT;
    const number = Math.floor(place / CHUNK_BYTES);
    return new RecordReader(this.#chunks[number] as Uint8Array, place % CHUNK_BYTES);
  }

  #writeWideText(text: string): void {
    this.writeNumber(text.length * 2 + 1);
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      this.#chunk[this.#at++] = unit & 0xff;
      this.#chunk[this.#at++] = unit >>> 8;
    }
  }

  /** A record longer than a chunk gets one of its own, which counts as several. */
  #open(bytes: number): void {
    const span = Math.max(1, Math.ceil(bytes / CHUNK_BYTES));
    this.#base = this.#chunks.length * CHUNK_BYTES;
    this.#chunk = new Uint8Array(span * CHUNK_BYTES);
    for (let i = 0; i < span; i++) this.#chunks.push(this.#chunk.subarray(i * CHUNK_BYTES));
    this.#at = 0;
  }
}

export class RecordReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  text(): string {
    const header = this.number();
    const isWide = header % 2 === 1;
    const length = (header - (header % 2)) / 2;
    let text = "";
    for (let i = 0; i < length; i++) text += String.fromCharCode(this.#unit(isWide));
    return text;
  }

  /** Reads a text and compares it. */
  textIs(expected: string): boolean {
    const header = this.number();
    const isWide = header % 2 === 1;
    const length = (header - (header % 2)) / 2;
    let same = length === expected.length;
    for (let i = 0; i < length; i++) {
      if (this.#unit(isWide) !== expected.charCodeAt(i)) same = false;
    }
    return same;
  }

  #unit(isWide: boolean): number {
    const low = this.#bytes[this.#at++] as number;
    return isWide ? low | ((this.#bytes[this.#at++] as number) << 8) : low;
  }
}

/** An upper bound of what a text takes. */
export function textBytes(text: string): number {
  return NUMBER_BYTES + text.length * 2;
}

/** An upper bound of what some numbers take. */
export function numberBytes(count: number): number {
  return NUMBER_BYTES * count;
}
