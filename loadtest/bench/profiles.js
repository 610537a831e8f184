/** How much of everything is measured. */

/** @typedef {typeof PROFILES.full} Profile */

export const PROFILES = {
  /** What the bars are judged by: less than 30 minutes for all cases. */
  full: {
    rounds: 5,
    fanout: {
      steps: [100, 1_000, 5_000, 10_000, 15_000],
      few: 10,
      many: 4,
      notices: 5_000,
      aviso: 10_000,
      repeats: 3,
    },
    storm: { connections: 10_000, underWay: 1_000, idle: 12_000, settleMs: 2_000 },
    watchers: { watchers: 10_000, warmUpMs: 1_500, measureMs: 3_000, perSecond: 5_000, pacedMs: 4_000 },
    stalled: {
      watchers: 200,
      share: 0.01,
      perSecond: 300,
      warmUpMs: 3_000,
      healthyMs: 3_000,
      besideMs: 5_000,
    },
    databases: { warmUpMs: 500, measureMs: 2_000 },
    journal: { purchases: [10_000, 100_000, 300_000, 1_000_000], repeats: 3 },
    purchases: { warmUpMs: 1_000, measureMs: 3_000 },
  },
  /** Enough to see that everything still runs; too short and too small to judge by. */
  ci: {
    rounds: 1,
    fanout: { steps: [50, 300], few: 2, many: 2, notices: 300, aviso: 300, repeats: 1 },
    storm: { connections: 300, underWay: 100, idle: 400, settleMs: 100 },
    watchers: { watchers: 300, warmUpMs: 200, measureMs: 500, perSecond: 500, pacedMs: 500 },
    stalled: { watchers: 100, share: 0.01, perSecond: 100, warmUpMs: 500, healthyMs: 500, besideMs: 1_000 },
    databases: { warmUpMs: 200, measureMs: 400 },
    journal: { purchases: [1_000, 10_000], repeats: 1 },
    purchases: { warmUpMs: 300, measureMs: 700 },
  },
};
