import { expect } from "chai";
import * as fc from "fast-check";
import { HashIndex } from "../../src/box-office/hash-index.ts";

/**
 * Hashes that fall into one table, some of them twice: whatever waits and whatever has its place lies together. Some want
 * the same few places, and differ in the bits above.
 */
const hash = fc.oneof(
  fc.nat(50),
  fc.nat(100_000),
  fc.tuple(fc.nat(3), fc.nat(255)).map(([place, above]) => place + above * 2 ** 18),
  // With the sign, they fall into the last table.
  fc.nat(50).map((n) => -1 - n),
);
/** Looks that are announced, and perhaps never come. */
const announced = fc.array(hash, { maxLength: 20 });
const step = fc.oneof(
  { weight: 5, arbitrary: hash.map((hash) => ({ type: "add" as const, hash })) },
  { weight: 1, arbitrary: hash.map((hash) => ({ type: "find" as const, hash })) },
  { weight: 1, arbitrary: announced.map((hashes) => ({ type: "prefetch" as const, hashes })) },
);

/** All values that the index offers under a hash. */
function offered(index: HashIndex, hash: number): number[] {
  const values: number[] = [];
  const found = index.find(hash, null, (value) => {
    values.push(value);
    return false;
  });
  expect(found).to.equal(-1);
  return values;
}

describe("an index of hashes", () => {
  it("offers all that was added under a hash and nothing else, whenever it is asked", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
        const index = new HashIndex();
        const model = new Map<number, number[]>();
        steps.forEach((step, value) => {
          if (step.type === "prefetch") {
            index.prefetch(Int32Array.from(step.hashes), step.hashes.length);
            return;
          }
          const { type, hash } = step;
          if (type === "add") {
            index.add(hash, value);
            model.set(hash, [...(model.get(hash) ?? []), value]);
          } else expect(offered(index, hash)).to.have.members(model.get(hash) ?? []);
        });
        for (const [hash, values] of model) expect(offered(index, hash)).to.have.members(values);
      }),
    );
  });

  it("gives the value that is accepted, whether many wait or none does", () => {
    const index = new HashIndex();
    for (let value = 0; value < 1_000; value++) {
      index.add(7, value);
      for (const wanted of [0, value])
        expect(index.find(7, null, (found) => found === wanted)).to.equal(wanted);
      expect(index.find(8, null, () => true)).to.equal(-1);
    }
  });

  it("reads where looks that are announced will begin", () => {
    const index = new HashIndex();
    const hashes = [3, -3, 0x4000_0005];
    for (const hash of hashes) {
      index.find(hash, null, () => true);
      index.add(hash, 0);
    }
    for (const hash of hashes) {
      index.prefetch(Int32Array.of(hash, 7), 1);
      expect(index.prefetched | 0).to.equal(hash);
    }
    index.prefetch(Int32Array.from(hashes), 3);
    expect(index.prefetched | 0).to.equal(3 | -3 | 0x4000_0005);
    index.prefetch(Int32Array.of(6), 1);
    expect(index.prefetched).to.equal(0);
  });

  it("finds each of very many that came before anybody looked", () => {
    findsAll((index, hash, n) => index.add(hash, n));
  });

  it("finds each of very many that came behind a look for it, as ticket codes do", () => {
    findsAll((index, hash, n) => {
      expect(index.find(hash, null, (value) => value === n)).to.equal(-1);
      index.add(hash, n);
    });
  });

  it("finds each of very many that came with a look now and then", () => {
    findsAll((index, hash, n) => {
      if (n % 1_000 === 0) expect(index.find(hash, null, (value) => value === n)).to.equal(-1);
      index.add(hash, n);
    });
  });

  /** @param put a value under its hash, and whatever happens beside. */
  function findsAll(put: (index: HashIndex, hash: number, n: number) => void): void {
    const index = new HashIndex();
    const count = 100_000;
    // An odd factor gives each its own hash; the upper bits are those of one table.
    const hash = (n: number): number => Math.imul(n, 0x9e3779b1) >>> 6;
    for (let n = 0; n < count; n++) put(index, hash(n), n);
    let found = 0;
    for (let n = 0; n < count; n++) if (index.find(hash(n), null, (value) => value === n) === n) found += 1;
    expect(found).to.equal(count);
    expect(index.find(hash(count), null, (value) => value === count)).to.equal(-1);
  }
});
