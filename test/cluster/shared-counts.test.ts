import { expect } from "chai";
import fc from "fast-check";
import { SharedCounts } from "../../src/cluster/shared-counts.ts";

const NAMES = ["a", "b", "c"];

describe("shared counts", () => {
  it("tell each worker what the others have, through any history, and forget who is gone", () => {
    const step = fc.record({
      worker: fc.nat(3),
      name: fc.constantFrom(...NAMES),
      count: fc.nat(3),
      leaves: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const counts = new SharedCounts<number>();
        const known = new Map<string, number>();
        for (const { worker, name, count, leaves } of steps) {
          if (leaves) {
            const had = NAMES.filter((name) => (known.get(`${worker}${name}`) ?? 0) > 0);
            expect(counts.drop(worker)).to.have.members(had);
            for (const name of NAMES) known.delete(`${worker}${name}`);
          } else {
            counts.set(worker, name, count);
            known.set(`${worker}${name}`, count);
          }
        }
        for (const worker of [0, 1, 2, 3, 9]) {
          const all = new Map(counts.all(worker));
          for (const name of NAMES) {
            let sum = 0;
            for (let other = 0; other < 4; other++)
              if (other !== worker) sum += known.get(`${other}${name}`) ?? 0;
            expect(counts.elsewhere(worker, name)).to.equal(sum);
            expect(all.get(name) ?? 0).to.equal(sum);
          }
        }
      }),
    );
  });
});
