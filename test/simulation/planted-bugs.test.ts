import { expect } from "chai";
import { LINK_MUTANTS } from "./link-mutants.ts";
import { MUTANTS } from "./mutants.ts";
import { planOf } from "./plan.ts";
import type { Mutant } from "./planting.ts";
import { World } from "./world.ts";

/** Histories within which a planted bug has to show; most show in the first five. */
const MOST_SEEDS = 300;

describe("simulation: planted bugs", function () {
  this.timeout(60_000);

  it("are at least twenty, and break each of the six promises", () => {
    expect(MUTANTS.length).to.be.at.least(20);
    expect([...new Set(MUTANTS.flatMap(({ breaks }) => breaks))].toSorted((a, b) => a - b)).to.deep.equal([
      1, 2, 3, 4, 5, 6,
    ]);
    expect(new Set(MUTANTS.map(({ name }) => name)).size).to.equal(MUTANTS.length);
  });

  for (const mutant of MUTANTS) it(`catches: ${mutant.name}`, () => catchIt(mutant, false));

  for (const mutant of LINK_MUTANTS)
    it(`catches, with a worker: ${mutant.name}`, () => catchIt(mutant, true));

  it("leave nothing behind: without one, all is well again", async () => {
    for (const workers of [false, true]) {
      for (let seed = 1; seed <= 10; seed++) {
        const { violation } = await new World(planOf(seed, workers)).run();
        expect(violation).to.equal(null);
      }
    }
  });
});

async function catchIt({ breaks, composition }: Mutant, workers: boolean): Promise<void> {
  for (let seed = 1; seed <= MOST_SEEDS; seed++) {
    const { violation } = await new World(planOf(seed, workers), composition).run();
    if (violation === null) continue;
    expect(violation.guarantee, `${violation.check}: ${violation.message}`).to.be.oneOf([...breaks]);
    return;
  }
  expect.fail(`nothing was noticed in ${MOST_SEEDS} histories`);
}
