/** Medians and ranges over the rounds, and ratios taken within each round. */

/** @typedef {{ median: number, min: number, max: number }} Spread */

/** @param {readonly number[]} values at least one */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? upper) + upper) / 2 : upper;
}

/** @param {readonly number[]} values at least one @returns {Spread} */
export function spread(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * @template {{ round: number, contestant: string }} Trial
 * @param {readonly Trial[]} trials @param {string} contestant @param {(trial: Trial) => number | null} read
 * @returns {Spread | null} null where there is no such figure
 */
export function spreadOf(trials, contestant, read) {
  const values = trials
    .filter((trial) => trial.contestant === contestant)
    .flatMap((trial) => read(trial) ?? []);
  return values.length === 0 ? null : spread(values);
}

/**
 * Ours through the other's, round by round.
 *
 * @template {{ round: number, contestant: string }} Trial
 * @param {readonly Trial[]} trials @param {string} ours @param {string} other @param {(trial: Trial) => number | null} read
 * @returns {Spread | null}
 */
export function ratioOf(trials, ours, other, read) {
  const ratios = trials
    .filter((trial) => trial.contestant === ours)
    .flatMap((trial) => {
      const beside = trials.find(({ contestant, round }) => contestant === other && round === trial.round);
      const [above, below] = [read(trial), beside === undefined ? null : read(beside)];
      return above === null || below === null || below === 0 ? [] : [above / below];
    });
  return ratios.length === 0 ? null : spread(ratios);
}
