/** @param {ArrayLike<number> & Iterable<number>} values @param {readonly number[]} shares each from 0 to 1 */
export function quantiles(values, shares) {
  const sorted = Float64Array.from(values).sort();
  return shares.map(
    (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN,
  );
}
