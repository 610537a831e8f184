import { expect } from "chai";
import { runCampaign } from "./fuzz/campaign.ts";

describe("the fuzzer", () => {
  it("finds nothing in a few seconds: each input gets its one clear answer, those who behave get theirs", async function () {
    this.timeout(60_000);
    // The same inputs every time, so that a test that fails fails again; `npm run fuzz` looks for new ones.
    const { failure, inputs } = await runCampaign({ seed: 20_261_121, from: 0, inputs: 2_000, seconds: 40 });
    expect(failure).to.equal(null);
    expect(inputs).to.be.at.least(100);
  });
});
