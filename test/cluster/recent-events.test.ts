import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import * as fc from "fast-check";
import { RecentEvents } from "../../src/cluster/recent-events.ts";
import type { OffsetEvent } from "../../src/cluster/turn-codec.ts";

function event(offset: number, sale: string, type = "restocked"): OffsetEvent {
  return { offset, event: { type, sale, at: offset, quantity: 1 } as unknown as OffsetEvent["event"] };
}

function saleOf({ event }: OffsetEvent): string {
  return (event as { readonly sale: string }).sale;
}

describe("recent events", () => {
  it("are the newest of each sale, in their order", () => {
    const recent = new RecentEvents({ perSale: 2, total: 10 });
    recent.add([event(1, "a"), event(2, "b"), event(3, "a", "sold_out")]);
    recent.add([event(5, "a", "paused")]);
    expect(recent.all().map(({ offset }) => offset)).to.deep.equal([2, 3, 5]);
  });

  it("are no more than so many of all sales together: the oldest go", () => {
    const recent = new RecentEvents({ perSale: 3, total: 4 });
    recent.add([event(1, "a"), event(2, "b"), event(3, "a"), event(4, "c"), event(5, "b"), event(6, "d")]);
    expect(recent.all().map(({ offset }) => offset)).to.deep.equal([3, 4, 5, 6]);
    // The one that went doesn't count among the three of its sale either.
    recent.add([event(7, "a"), event(8, "a"), event(9, "a")]);
    expect(recent.all().map(({ offset }) => offset)).to.deep.equal([6, 7, 8, 9]);
  });

  it("are the right ones after any history, however many went before them", () => {
    const sales = fc.array(fc.constantFrom("a", "b", "c", "d", "e", "f"), { maxLength: 200 });
    fc.assert(
      fc.property(
        sales,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 9 }),
        (all, perSale, total) => {
          const recent = new RecentEvents({ perSale, total });
          let expected: OffsetEvent[] = [];
          for (const [offset, sale] of all.entries()) {
            const entry = event(offset, sale);
            recent.add([entry]);
            const others = expected.filter((one) => saleOf(one) !== sale);
            const kept = [...expected.filter((one) => saleOf(one) === sale), entry].slice(-perSale);
            expected = [...others, ...kept].toSorted((a, b) => a.offset - b.offset).slice(-total);
            expect(recent.all()).to.deep.equal(expected);
          }
        },
      ),
    );
  });

  it("leave out what nobody is told one by one", () => {
    const recent = new RecentEvents({ perSale: 2, total: 10 });
    recent.add([event(0, "a", "sale_created"), event(1, "a"), event(2, "a", "purchased")]);
    expect(recent.all().map(({ offset }) => offset)).to.deep.equal([1]);
  });

  it("holds none that went, however few there ever are at a time", async () => {
    const recent = new RecentEvents({ perSale: 2, total: 1_000 });
    const told = Array.from({ length: 200 }, (_, offset) => {
      const entry = event(offset, "a");
      recent.add([entry]);
      return new WeakRef(entry);
    });
    // What a WeakRef was asked for, or made with, stays until the turn is over.
    await new Promise(setImmediate);
    collectGarbage();
    expect(told.filter((entry) => entry.deref() !== undefined)).to.have.length(recent.all().length);
  });
});

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
