import { expect } from "chai";
import { auditSale, createBoxOffice, evolve } from "../../src/box-office/box-office.ts";
import type { SaleEvent } from "../../src/box-office/event.ts";
import { isBalanced, saleState, type Sale } from "../../src/box-office/sale.ts";
import { buy, change, create, FINAL, GALA, restock } from "../support/commands.ts";
import { knowledgeOf } from "../support/knowledge.ts";
import { Office } from "../support/office.ts";

describe("box office: evolve", () => {
  it("refuses an event of a version that it doesn't know", () => {
    const event = { type: "opened", v: 2, at: 1, sale: GALA } as unknown as SaleEvent;
    expect(() => evolve(createBoxOffice(), event, 1)).to.throw("event 0 has version 2; this program knows 1");
  });

  it("refuses an event of a type that it doesn't know", () => {
    const event = { type: "refunded", v: 1, at: 1, sale: GALA } as unknown as SaleEvent;
    expect(() => evolve(createBoxOffice(), event, 1)).to.throw('event 0 has an unknown type "refunded"');
  });

  it("refuses an event about a sale that was never created", () => {
    const office = new Office();
    office.do(create(GALA, 1));
    const events: SaleEvent[] = [
      { type: "opened", v: 1, at: 1, sale: FINAL },
      { type: "paused", v: 1, at: 1, sale: FINAL },
      { type: "closed", v: 1, at: 1, sale: FINAL },
      { type: "restocked", v: 1, at: 1, sale: FINAL, quantity: 1 },
    ];
    for (const event of events) {
      expect(() => evolve(office.state, event, 1)).to.throw(
        'event 1 is about sale "final", which doesn\'t exist',
      );
    }
  });

  it("counts every event, and keeps the time of the newest", () => {
    const office = new Office();
    office.do(create(GALA, 1));
    office.do(buy(GALA));
    expect(office.history).to.have.length(3);
    expect(office.state).to.include({ offset: 3, at: office.now });
  });

  it("leaves the sale's position where the purchase put it when it sells out", () => {
    const office = new Office();
    office.do(create(GALA, 1));
    office.do(buy(GALA));
    expect(office.sale(GALA).offset).to.equal(1);
  });

  it("remembers with each purchase the epoch and the offset that receipts repeat", () => {
    const office = new Office();
    const purchases = [buy(GALA), buy(GALA)];
    for (const command of [create(GALA, 3), ...purchases]) office.do(command);
    const replayed = createBoxOffice();
    office.history.forEach((event, i) => evolve(replayed, event, i < 2 ? 5 : 8));
    const found = purchases.map(({ buyer, key }) => replayed.purchases?.find(GALA, buyer, key));
    expect(found[0]).to.include({ epoch: 5, offset: 1 });
    expect(found[1]).to.include({ epoch: 8, offset: 2 });
  });

  it("in a fold that only counts keeps the same books and no purchases", () => {
    const office = new Office();
    office.do(create(GALA, 9));
    for (const command of [buy(GALA, 3), buy(GALA, 2), restock(GALA, 4), change("pause", GALA)])
      office.do(command);
    const counted = createBoxOffice("count");
    for (const event of office.history) evolve(counted, event, 3);
    expect(counted.purchases).to.equal(null);
    expect(auditSale(counted.sales.get(GALA)!, 5)).to.deep.equal(auditSale(office.sale(GALA), 5));
    expect(knowledgeOf(counted)).to.have.deep.property(
      "books",
      (knowledgeOf(office.state) as { books: unknown }).books,
    );
  });
});

describe("box office: a sale", () => {
  const sale: Sale = {
    id: GALA,
    title: "",
    capacity: 10,
    available: 3,
    held: 2,
    sold: 5,
    phase: "open",
    opensAt: null,
    closesAt: null,
    orders: 4,
    tickets: 5,
    digestHigh: 0,
    digestLow: 0,
    offset: 0,
    at: 0,
  };

  it("is balanced when available, held and sold make the capacity and each sold ticket has a code", () => {
    expect(isBalanced(sale)).to.equal(true);
    const wrong = [
      { available: 4 },
      { held: 1 },
      { sold: 6, tickets: 6 },
      { tickets: 4 },
      { available: -1, held: 6 },
      { held: -1, available: 6 },
    ];
    for (const change of wrong)
      expect(isBalanced({ ...sale, ...change }), JSON.stringify(change)).to.equal(false);
  });

  it("shows its phase, and while it is open whether anything is left", () => {
    expect(saleState(sale)).to.equal("open");
    expect(saleState({ ...sale, available: 0 })).to.equal("all_held");
    expect(saleState({ ...sale, available: 0, held: 0 })).to.equal("sold_out");
    for (const phase of ["scheduled", "paused", "closed"] as const) {
      expect(saleState({ ...sale, phase, available: 0, held: 0 })).to.equal(phase);
    }
  });
});
