import { expect } from "chai";
import { dueEvents, nextDeadline } from "../../src/box-office/deadlines.ts";
import type { SaleId } from "../../src/box-office/sale.ts";
import { change, create, FINAL, GALA } from "../support/commands.ts";
import { Office } from "../support/office.ts";

describe("box office: deadlines", () => {
  let office: Office;
  beforeEach(() => {
    office = new Office();
  });

  it("are none without sales, and none for a sale without times", () => {
    expect(nextDeadline(office.state)).to.equal(null);
    office.do(create(GALA, 1));
    expect(nextDeadline(office.state)).to.equal(null);
    expect(dueEvents(office.state, Number.MAX_SAFE_INTEGER)).to.deep.equal([]);
  });

  it("are the opening while a sale is scheduled, then the closing, then none", () => {
    office.do(create(GALA, 1, { opensAt: 2_000, closesAt: 3_000 }));
    expect(nextDeadline(office.state)).to.equal(2_000);
    expect(dueEvents(office.state, 1_999)).to.deep.equal([]);
    expect(dueEvents(office.state, 2_000)).to.deep.equal([{ type: "opened", v: 1, at: 2_000, sale: GALA }]);
    office.happen(dueEvents(office.state, 2_000)[0]!);
    expect(nextDeadline(office.state)).to.equal(3_000);
    expect(dueEvents(office.state, 2_999)).to.deep.equal([]);
    office.happen(dueEvents(office.state, 5_000)[0]!);
    expect(office.history.at(-1)).to.deep.equal({ type: "closed", v: 1, at: 3_000, sale: GALA });
    expect(nextDeadline(office.state)).to.equal(null);
    expect(dueEvents(office.state, 9_000)).to.deep.equal([]);
  });

  it("take one event a call for each sale, oldest deadline first", () => {
    const ids = ["late", "early", "middle"] as SaleId[];
    const times = [4_000, 2_000, 3_000];
    ids.forEach((sale, i) => office.do(create(sale, 1, { opensAt: times[i]!, closesAt: times[i]! + 1 })));
    expect(nextDeadline(office.state)).to.equal(2_000);
    const due = dueEvents(office.state, 9_000);
    expect(due.map((event) => [event.type, event.at])).to.deep.equal([
      ["opened", 2_000],
      ["opened", 3_000],
      ["opened", 4_000],
    ]);
    for (const event of due) office.happen(event);
    expect(dueEvents(office.state, 9_000).map(({ type, at }) => [type, at])).to.deep.equal([
      ["closed", 4_000],
      ["closed", 4_000],
      ["closed", 4_001],
    ]);
  });

  it("never make an event older than the newest", () => {
    office.do(create(GALA, 1, { opensAt: 2_000 }));
    office.now = 5_000;
    office.do(create(FINAL, 1));
    expect(dueEvents(office.state, 6_000)[0]).to.include({ at: 5_001 });
  });

  it("close a paused sale, and don't open one that was opened by hand", () => {
    office.do(create(GALA, 1, { opensAt: 2_000, closesAt: 3_000 }));
    office.do(create(FINAL, 1, { opensAt: 2_500, closesAt: 3_500 }));
    office.do(change("pause", GALA));
    office.do(change("open", FINAL));
    expect(nextDeadline(office.state)).to.equal(3_000);
    expect(dueEvents(office.state, 9_000).map(({ type }) => type)).to.deep.equal(["closed", "closed"]);
  });

  it("are forgotten when a sale is closed by hand", () => {
    office.do(create(GALA, 1, { opensAt: 2_000, closesAt: 3_000 }));
    office.do(change("close", GALA));
    expect(nextDeadline(office.state)).to.equal(null);
    expect(dueEvents(office.state, 9_000)).to.deep.equal([]);
  });
});
