/** Which figures of each case are shown, on the terminal and in docs/performance.md. */

/**
 * @typedef {object} Column
 * @property {string} title
 * @property {number} digits
 * @property {(trial: any) => number | null} read
 */

/** @type {Readonly<Record<string, (trials: readonly any[]) => readonly Column[]>>} */
export const FIGURES = {
  fanout: (trials) => [
    ...stepsOf(trials).map((watchers) => ({
      title: `µs at ${thousands(watchers)}`,
      digits: 1,
      read: (/** @type {any} */ trial) => step(trial, watchers)?.cpuMicros ?? null,
    })),
    ...stepsOf(trials)
      .slice(-2)
      .map((watchers) => ({
        title: `last ms at ${thousands(watchers)}`,
        digits: 0,
        read: (/** @type {any} */ trial) => step(trial, watchers)?.lastMs ?? null,
      })),
    { title: "µs a notice of ten", digits: 2, read: ({ noticeMicros }) => noticeMicros },
    { title: "AVISO, last ms", digits: 0, read: ({ avisoMs }) => avisoMs },
  ],
  storm: () => [
    { title: "connections/s", digits: 0, read: ({ perSecond }) => perSecond },
    { title: "idle, bytes each", digits: 0, read: ({ idleBytes }) => idleBytes },
  ],
  watchers: () => [
    { title: "alone /s", digits: 0, read: ({ quiet }) => quiet.perSecond },
    { title: "watched /s", digits: 0, read: ({ watched }) => watched.perSecond },
    { title: "alone p99 ms", digits: 1, read: ({ quiet }) => quiet.p99Ms },
    { title: "watched p99 ms", digits: 1, read: ({ watched }) => watched.p99Ms },
    { title: "updates/s", digits: 1, read: ({ updatesPerSecond }) => updatesPerSecond },
    { title: "offered: answer p99 ms", digits: 0, read: ({ answerP99Ms }) => answerP99Ms },
    { title: "stale p50 ms", digits: 0, read: ({ staleP50Ms }) => staleP50Ms },
    { title: "stale p99 ms", digits: 0, read: ({ staleP99Ms }) => staleP99Ms },
  ],
  stalled: () => [
    { title: "healthy p99 ms", digits: 0, read: ({ healthyP99Ms }) => healthyP99Ms },
    { title: "beside stalled p99 ms", digits: 0, read: ({ besideP99Ms }) => besideP99Ms },
    { title: "extra KiB", digits: 0, read: ({ extraBytes }) => extraBytes / 1024 },
  ],
  databases: purchaseColumns,
  purchases: purchaseColumns,
  journal: (trials) =>
    [...new Set(trials.map(({ step }) => step))].map((length) => ({
      title: `start ms after ${thousands(length)}`,
      digits: 0,
      read: ({ step, startMs }) => (step === length ? startMs : null),
    })),
};

/** @returns {readonly Column[]} */
function purchaseColumns() {
  return [
    { title: "/s", digits: 0, read: ({ perSecond }) => perSecond },
    { title: "p50 ms", digits: 2, read: ({ p50Ms }) => p50Ms },
    { title: "p99 ms", digits: 2, read: ({ p99Ms }) => p99Ms },
    { title: "loop µs", digits: 1, read: ({ loopMicros }) => loopMicros },
    { title: "client µs", digits: 1, read: ({ clientMicros }) => clientMicros },
    { title: "batch", digits: 0, read: ({ batchCommands }) => batchCommands },
  ];
}

/** @param {readonly any[]} trials @returns {readonly number[]} */
export function stepsOf(trials) {
  return trials[0]?.steps.map((/** @type {{ watchers: number }} */ { watchers }) => watchers) ?? [];
}

/** @param {any} trial @param {number} watchers @returns {{ cpuMicros: number, lastMs: number } | undefined} */
export function step({ steps }, watchers) {
  return steps.find((/** @type {{ watchers: number }} */ step) => step.watchers === watchers);
}

/** @param {number} value */
export function thousands(value) {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}
