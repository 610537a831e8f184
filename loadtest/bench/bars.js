/** What is asked of ours, and whether this run shows it. */

/**
 * @typedef {import("./spread.js").Spread} Spread
 *
 * @typedef {object} Bar
 * @property {string} case
 * @property {string} what in words
 * @property {"<=" | ">="} sign
 * @property {number} limit
 * @property {Spread | null} value null when it couldn't be measured
 * @property {"met" | "missed" | "skipped"} verdict by the median
 * @property {string} note why it was skipped, or what to know
 */

/**
 * @param {Omit<Bar, "verdict" | "note"> & { note?: string }} bar
 * @returns {Bar}
 */
export function bar({ value, sign, limit, note = "", ...rest }) {
  const met = value !== null && (sign === "<=" ? value.median <= limit : value.median >= limit);
  const verdict = value === null ? "skipped" : met ? "met" : "missed";
  return { ...rest, value, sign, limit, verdict, note };
}
