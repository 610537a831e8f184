/**
 * A hash over a set of tickets that doesn't depend on their order: each ticket is hashed alone and the hashes are
 * added modulo 2^64 (AdHash, Bellare and Micciancio 1997, with a fast mixer in place of a cryptographic one). It is
 * kept up purchase by purchase, so two box offices compare all their tickets by comparing sixteen digits. It detects
 * mistakes, not adversaries.
 *
 * The mixer is two 32-bit multiply-xor lanes over the characters with the finaliser of MurmurHash3 (Appleby, public
 * domain); the constants are MurmurHash3's and Knuth's golden ratio.
 */

/** Reused between calls so that a purchase allocates nothing here; the caller reads it at once. */
const lanes = { high: 0, low: 0 };

export function hashTicket(
  sale: string,
  order: number,
  code: string,
): { readonly high: number; readonly low: number } {
  let high = order | 0;
  let low = Math.imul(order, 0x9e3779b1);
  for (let i = 0; i < code.length; i++) {
    const unit = code.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x85ebca6b);
    low = Math.imul(low ^ unit, 0xc2b2ae35);
    high ^= high >>> 15;
  }
  for (let i = 0; i < sale.length; i++) {
    const unit = sale.charCodeAt(i);
    high = Math.imul(high ^ unit, 0xcc9e2d51);
    low = Math.imul(low ^ unit, 0x1b873593);
    low ^= low >>> 13;
  }
  lanes.high = finish(high ^ low);
  lanes.low = finish(low + Math.imul(high, 0x9e3779b1));
  return lanes;
}

/** Sixteen hexadecimal digits. */
export function formatDigest(high: number, low: number): string {
  return hex(high) + hex(low);
}

function finish(lane: number): number {
  let h = lane;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return h >>> 0;
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, "0");
}
