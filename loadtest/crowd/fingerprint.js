/**
 * Tells whether each "Estoque restante" was answered exactly once, to anybody, although no VU knows what another one
 * was told. Every number left has a weight that nobody could guess (30 bits out of a seed that the run drew); setup
 * subtracts all the weights that must come, each buyer adds the weight of the number that it got. A repeated, missing or
 * foreign number leaves a difference, except by a chance of about one in a thousand million.
 *
 * The sums are exact: integers below 2^53 as long as fewer than 2^23 tickets are for sale.
 */

export function newSeed() {
  return Math.floor(Math.random() * 0x1_0000_0000);
}

/** @param {number} seed @param {number} available what was left before the first sale */
export function expectedFingerprint(seed, available) {
  let sum = 0;
  for (let left = 0; left < available; left++) sum += weight(seed, left);
  return sum;
}

/** The finalizer of MurmurHash3 over the number and the seed. @param {number} seed @param {number} left */
export function weight(seed, left) {
  let mixed = Math.imul(left ^ seed, 0x9e3779b1) ^ (seed >>> 3);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 2) + 1;
}
