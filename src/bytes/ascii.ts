/**
 * Writing text and numbers as bytes, piece by piece, straight to where they are needed: what the journal and the
 * command log do for each purchase. Each function says where the next piece begins.
 */

/** Beyond them an integer takes a division of doubles for each digit. */
const SMALL = 0x7fff_ffff;

/** A call that costs as much as looking at a dozen characters one by one: for the longer and constant pieces. */
export function putBytes(bytes: Uint8Array, start: number, source: Uint8Array): number {
  bytes.set(source, start);
  return start + source.length;
}

/** @param text printable ASCII. */
export function putAscii(bytes: Uint8Array, start: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[start + i] = text.charCodeAt(i);
  return start + text.length;
}

/** In decimal digits. @param count an integer from 0 to 2^53 - 1. */
export function putCount(bytes: Uint8Array, start: number, count: number): number {
  return count > SMALL ? putAscii(bytes, start, String(count)) : putSmallCount(bytes, start, count | 0);
}

function putSmallCount(bytes: Uint8Array, start: number, count: number): number {
  const end = start + digitsOf(count);
  let rest = count;
  for (let at = end - 1; at >= start; at--) {
    const tenth = (rest / 10) | 0;
    bytes[at] = 0x30 + (rest - tenth * 10);
    rest = tenth;
  }
  return end;
}

function digitsOf(count: number): number {
  if (count < 100_000) {
    if (count < 100) return count < 10 ? 1 : 2;
    if (count < 1_000) return 3;
    return count < 10_000 ? 4 : 5;
  }
  if (count < 10_000_000) return count < 1_000_000 ? 6 : 7;
  if (count < 100_000_000) return 8;
  return count < 1_000_000_000 ? 9 : 10;
}
