import { expect } from "chai";
import { RecentEvents } from "../../src/cluster/recent-events.ts";
import type { OffsetEvent } from "../../src/cluster/turn-codec.ts";

function event(offset: number, sale: string, type = "restocked"): OffsetEvent {
  return { offset, event: { type, sale, at: offset, quantity: 1 } as unknown as OffsetEvent["event"] };
}

describe("recent events", () => {
  it("are the newest of each sale, in their order", () => {
    const recent = new RecentEvents(2);
    recent.add([event(1, "a"), event(2, "b"), event(3, "a", "sold_out")]);
    recent.add([event(5, "a", "paused")]);
    expect(recent.all().map(({ offset }) => offset)).to.deep.equal([3, 5, 2]);
  });

  it("leave out what nobody is told one by one", () => {
    const recent = new RecentEvents(2);
    recent.add([event(0, "a", "sale_created"), event(1, "a"), event(2, "a", "purchased")]);
    expect(recent.all().map(({ offset }) => offset)).to.deep.equal([1]);
  });
});
