/** A few rounds of `npm run crashes`, so that each `npm test` has some. */
import { rm } from "node:fs/promises";
import { expect } from "chai";
import { cleanup } from "../support/cleanup.ts";
import { runCampaign } from "./campaign.ts";

const ROUNDS = 4;

describe("kill -9 in the middle of a crowd", function () {
  this.timeout(30_000 * ROUNDS);

  it(`loses no answered purchase and sells none twice (${ROUNDS} lives, segments small and large)`, async () => {
    const figures = await runCampaign({ rounds: ROUNDS, seed: 20 });
    expect(figures.findings).to.deep.equal([]);
    expect(figures).to.include({ rounds: ROUNDS, directories: 2, lost: 0, duplicated: 0, recounts: 2 });
    // Otherwise nobody bought, nothing was under way when the process died, or no key was ever sent again.
    expect(figures.answers).to.be.above(100);
    expect(figures.retries).to.be.above(ROUNDS);
    expect(figures.repeats).to.be.above(100);
    expect(figures.sightings).to.be.above(0);
  });

  for (const [what, file, kinds] of [
    ["answers before it writes", "early-answers.js", /^lost: /],
    ["forgets keys that bought", "forgetful.js", /^(duplicated|invented): /],
  ] as const) {
    it(`finds out a server that ${what}`, async () => {
      const figures = await runCampaign({ rounds: 6, seed: 3, broken: [file] });
      cleanup(() => Promise.all(figures.kept.map((path) => rm(path, { recursive: true }))));
      expect(
        figures.findings.some((finding) => kinds.test(finding)),
        figures.findings.join("\n"),
      ).to.equal(true);
    });
  }
});
