import { expect } from "chai";
import { MUTANTS } from "./mutants.ts";
import { planOf } from "./plan.ts";
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

  for (const { name, breaks, composition } of MUTANTS) {
    it(`catches: ${name}`, async () => {
      for (let seed = 1; seed <= MOST_SEEDS; seed++) {
        const { violation } = await new World(planOf(seed), composition).run();
        if (violation === null) continue;
        expect(violation.guarantee, `${violation.check}: ${violation.message}`).to.be.oneOf([...breaks]);
        return;
      }
      expect.fail(`nothing was noticed in ${MOST_SEEDS} histories`);
    });
  }

  it("leave nothing behind: without one, all is well again", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { violation } = await new World(planOf(seed)).run();
      expect(violation).to.equal(null);
    }
  });
});
