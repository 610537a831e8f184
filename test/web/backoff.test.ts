import { expect } from "chai";
import { assert, double, nat, property } from "fast-check";
import { backoffDelay } from "../../web/backoff.ts";
import { PAGE_LIMITS } from "../../web/limits.ts";

const { reconnect, reconnectFull } = PAGE_LIMITS;

describe("the page's backoff", () => {
  it("stays between its floor and its cap for any number of attempts", () => {
    assert(
      property(nat(5_000), double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, r) => {
        const delay = backoffDelay(attempt, reconnect, () => r);
        expect(delay).to.be.within(reconnect.floorMs, reconnect.capMs - 1);
        expect(delay).to.be.at.most(reconnect.baseMs * 2 ** attempt);
        expect(delay % 1).to.equal(0);
      }),
    );
  });

  it("doubles its ceiling with each attempt until the cap", () => {
    const ceilings = [0, 1, 2, 3, 4, 5].map((attempt) => backoffDelay(attempt, reconnect, () => 0.999_999));
    expect(ceilings).to.deep.equal([999, 1_999, 3_999, 4_999, 4_999, 4_999]);
  });

  it("spreads a crowd over the whole interval", () => {
    const spread = { floorMs: 1_000, baseMs: 9_000, capMs: 9_000 };
    const delays = Array.from({ length: 1_000 }, (_, i) => backoffDelay(3, spread, () => i / 1_000));
    const quarters = [0, 1, 2, 3].map(
      (quarter) => delays.filter((delay) => Math.floor((delay - 1_000) / 2_000) === quarter).length,
    );
    expect(quarters).to.deep.equal([250, 250, 250, 250]);
  });

  it("gives a full server more air", () => {
    expect(reconnectFull.baseMs).to.be.greaterThan(reconnect.baseMs);
    expect(backoffDelay(0, reconnectFull, () => 0.5)).to.be.greaterThan(
      backoffDelay(0, reconnect, () => 0.5),
    );
  });
});
