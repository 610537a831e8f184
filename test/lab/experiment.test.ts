/** The races themselves: threads, promises and the product's engine, each run for real. */
import { expect } from "chai";
import { LIMITS } from "../../src/limits.ts";
import { runExperiment, type ExperimentSettings } from "../../src/lab/experiment.ts";
import { STRATEGIES, type StrategyName } from "../../src/lab/strategy.ts";
import { brokenClaims, summarize, type Summary } from "../../src/lab/summary.ts";
import type { Work } from "../../src/lab/work.ts";

/** More of them to be surer: the bar of the lab is 1,000. */
const REPEATS = Number(process.env["REPEATS"] ?? 10);
const UNPROTECTED: readonly StrategyName[] = ["none", "await", "check-lock"];
const PROTECTED: readonly StrategyName[] = ["mutex", "cas", "queue"];

describe("the race lab", function () {
  this.timeout(60_000 + REPEATS * 1_000);

  for (const name of UNPROTECTED) {
    it(`sells twelve buyers more than ten tickets in at least 9 of 10 repetitions with the strategy ${name}`, async () => {
      const [found] = (await run([name], { work: { kind: "wait", ms: 20 } })).strategies;
      expect(found?.oversoldRuns).to.be.at.least(Math.floor(REPEATS * 0.9));
      expect(found?.rightRuns).to.be.at.most(Math.ceil(REPEATS * 0.1));
    });
  }

  const works: readonly Work[] = [{ kind: "wait", ms: 1 }, { kind: "spin", us: 30 }, { kind: "none" }];
  for (const work of works) {
    it(`never sells too many with mutex, cas or queue, however long the work (${JSON.stringify(work)})`, async () => {
      const summary = await run(PROTECTED, { work });
      expect(brokenClaims(summary)).to.deep.equal([]);
      for (const { name, sold, counter, rightRuns } of summary.strategies) {
        expect(rightRuns, name).to.equal(REPEATS);
        expect([sold.min, sold.max, counter.min, counter.max], name).to.deep.equal([10, 10, 0, 0]);
      }
    });
  }

  it("goes below 0 where the check and the decrement are apart, and tells one number twice where both are one write", async () => {
    const work: Work = { kind: "wait", ms: 20 };
    const summary = await run(["none", "await", "check-lock"], { work });
    const [none, promises, checkLock] = summary.strategies;
    expect(none?.lowest).to.be.at.least(0);
    expect(none?.repeated.median).to.be.above(0);
    expect(promises?.lowest).to.be.below(0);
    expect(checkLock?.lowest).to.be.below(0);
  });

  it("lets more buyers than threads share them, and sells what all of them ask for", async () => {
    const summary = await run(["mutex", "cas", "queue"], { buyers: 500, stock: 900, work: { kind: "none" } });
    expect(summary.threads?.count).to.equal(LIMITS.lab.threads);
    for (const { name, sold, counter } of summary.strategies) {
      expect([sold.min, sold.max, counter.min, counter.max], name).to.deep.equal([500, 500, 400, 400]);
    }
  });

  it("stops between two repetitions when it is told to, and says what it has measured", async () => {
    let done = 0;
    const watching = {
      started: () => undefined,
      isStopped: () => done >= 3,
      progress: (repetitions: number) => void (done = repetitions),
    };
    const experiment = await runExperiment(
      settingsOf(["await", "queue"], { repetitions: 100 }),
      limits,
      watching,
    );
    expect(experiment.interrupted).to.equal(true);
    expect(experiment.measured.map(({ outcomes }) => outcomes.length)).to.deep.equal([3, 3]);
    expect(experiment.threads).to.equal(null);
  });
});

const limits = { threads: LIMITS.lab.threads, engine: LIMITS.engine };

async function run(names: readonly StrategyName[], changes: Partial<ExperimentSettings>): Promise<Summary> {
  const watching = { started: () => undefined, isStopped: () => false, progress: () => undefined };
  return summarize(await runExperiment(settingsOf(names, changes), limits, watching));
}

function settingsOf(
  names: readonly StrategyName[],
  changes: Partial<ExperimentSettings>,
): ExperimentSettings {
  return {
    buyers: 12,
    stock: 10,
    work: { kind: "none" },
    repetitions: REPEATS,
    seed: 1,
    strategies: STRATEGIES.filter(({ name }) => names.includes(name)),
    ...changes,
  };
}
