import { expect } from "chai";
import type { Command } from "../../src/box-office/command.ts";
import type { SaleEvent } from "../../src/box-office/event.ts";
import {
  buy,
  buyTogether,
  change,
  create,
  FINAL,
  freshCode,
  GALA,
  query,
  restock,
} from "../support/commands.ts";
import { answered, Office } from "../support/office.ts";

describe("box office: a purchase", () => {
  let office: Office;
  beforeEach(() => {
    office = new Office();
    office.do(create(GALA, 5));
  });

  it("takes tickets, numbers the order and tells what is left just after it", () => {
    const first = buy(GALA, 2);
    const second = buy(GALA, 1);
    expect(answered(office.do(first), "receipt")).to.deep.equal({
      kind: "receipt",
      items: [{ sale: GALA, order: 1, remaining: 3, codes: first.items[0]!.codes }],
      position: { epoch: 3, offset: 1 },
      at: office.now,
      repeated: false,
    });
    const { items, position } = answered(office.do(second), "receipt");
    expect(items[0]).to.deep.include({ order: 2, remaining: 2, codes: second.items[0]!.codes });
    expect(position).to.deep.equal({ epoch: 3, offset: 2 });
  });

  it("whose key was made for it alone isn't looked up", () => {
    const command = buy(GALA, 1, { key: "fresh" });
    office.do({ ...command, fresh: true });
    const again = { ...buy(GALA, 1, { key: "fresh" }), fresh: true };
    expect(answered(office.do(again), "receipt")).to.include({ repeated: false });
    expect(office.sale(GALA)).to.include({ sold: 2, available: 3 });
  });

  it("from a sale that waits for the organiser alone is refused without a time", () => {
    const { events } = office.ask(create(FINAL, 5));
    office.happen({ ...events[0], phase: "scheduled" } as SaleEvent);
    expect(office.refusal(buy(FINAL))).to.deep.equal({ reason: "not_open", opensInMs: 0 });
  });

  it("is one event with the codes in it", () => {
    const command = buy(GALA, 2, { buyer: "rui", key: "one" });
    expect(office.do(command).events).to.deep.equal([
      {
        type: "purchased",
        v: 1,
        at: office.now,
        buyer: "rui",
        key: "one",
        items: [{ sale: GALA, order: 1, remaining: 3, codes: command.items[0]!.codes }],
      },
    ]);
  });

  it("that takes the last ticket brings sold_out behind it, once", () => {
    office.do(buy(GALA, 4));
    const types = office.do(buy(GALA, 1)).events.map(({ type }) => type);
    expect(types).to.deep.equal(["purchased", "sold_out"]);
    expect(office.refusal(buy(GALA))).to.deep.equal({ reason: "sold_out" });
  });

  it("is refused whole when it asks for more than is left, and the answer says how many are", () => {
    office.do(buy(GALA, 3));
    expect(office.refusal(buy(GALA, 3))).to.deep.equal({ reason: "insufficient_stock", remaining: 2 });
  });

  it("is refused when it names a sale twice, however few tickets that are", () => {
    const { items } = buy(GALA);
    const command = { ...buy(GALA), items: [...items, ...buy(GALA).items] };
    expect(office.refusal(command)).to.deep.equal({ reason: "bad_items" });
  });

  it("of nothing is refused, and leaves no trace", () => {
    expect(office.refusal({ ...buy(GALA), items: [] })).to.deep.equal({ reason: "bad_items" });
  });

  it("is refused where no such sale is", () => {
    expect(office.refusal(buy(FINAL))).to.deep.equal({ reason: "unknown_sale" });
  });

  for (const quantity of [0, -1, 1.5, 11, Number.NaN, Number.POSITIVE_INFINITY]) {
    it(`of ${quantity} tickets is refused with the most that may be asked for`, () => {
      const command = { ...buy(GALA), items: [{ sale: GALA, quantity, codes: [] }] };
      expect(office.refusal(command)).to.deep.equal({ reason: "bad_quantity", max: 10 });
    });
  }

  it("is refused before the opening, with the time that is left", () => {
    office.do(create(FINAL, 5, { opensAt: office.now + 601 }));
    expect(office.refusal(buy(FINAL))).to.deep.equal({ reason: "not_open", opensInMs: 600 });
    office.now += 10_000;
    expect(office.refusal(buy(FINAL))).to.deep.equal({ reason: "not_open", opensInMs: 0 });
  });

  it("is refused while the sale is paused, and once it is closed", () => {
    office.do(change("pause", GALA));
    expect(office.refusal(buy(GALA))).to.deep.equal({ reason: "paused" });
    office.do(change("close", GALA));
    expect(office.refusal(buy(GALA))).to.deep.equal({ reason: "closed" });
  });

  it("is answered busy when a code is taken already, whoever sold it", () => {
    const code = freshCode();
    office.do(create(FINAL, 5));
    office.do({ ...buy(GALA), items: [{ sale: GALA, quantity: 1, codes: [code] }] });
    const again = { ...buy(FINAL), items: [{ sale: FINAL, quantity: 1, codes: [code] }] };
    expect(office.refusal(again)).to.deep.equal({ reason: "busy" });
  });

  it("is answered busy when a code comes twice in it", () => {
    const code = freshCode();
    office.do(create(FINAL, 5));
    const inOneItem = { ...buy(GALA), items: [{ sale: GALA, quantity: 2, codes: [code, code] }] };
    expect(office.refusal(inOneItem)).to.deep.equal({ reason: "busy" });
    const inTwoItems = {
      ...buy(GALA),
      items: [GALA, FINAL].map((sale) => ({ sale, quantity: 1, codes: [code] })),
    };
    expect(office.refusal(inTwoItems)).to.deep.equal({ reason: "busy" });
  });

  it("is answered busy when it brings too few or too many codes", () => {
    for (const codes of [[], [freshCode(), freshCode()]]) {
      const command = { ...buy(GALA), items: [{ sale: GALA, quantity: 1, codes }] };
      expect(office.refusal(command)).to.deep.equal({ reason: "busy" });
    }
  });

  it("over several sales is one event, with an order number in each", () => {
    office.do(create(FINAL, 3));
    office.do(buy(FINAL));
    const command = buyTogether([
      [GALA, 5],
      [FINAL, 1],
    ]);
    const { events, answer } = office.do(command);
    expect(events.map(({ type }) => type)).to.deep.equal(["purchased", "sold_out"]);
    expect(events[1]).to.include({ sale: GALA });
    expect(answer)
      .to.have.property("items")
      .that.deep.equals([
        { sale: GALA, order: 1, remaining: 0, codes: command.items[0]!.codes },
        { sale: FINAL, order: 2, remaining: 1, codes: command.items[1]!.codes },
      ]);
  });

  it("over several sales takes nothing anywhere when one of them can't give", () => {
    office.do(create(FINAL, 1));
    office.do(buy(FINAL));
    const command = buyTogether([
      [GALA, 1],
      [FINAL, 1],
    ]);
    expect(office.do(command)).to.deep.equal({
      events: [],
      answer: { kind: "rejected", rejection: { reason: "sold_out" } },
    });
    expect(office.sale(GALA).available).to.equal(5);
  });

  it("tells each sale that it sold out, in the order of the items", () => {
    office.do(create(FINAL, 1));
    const { events } = office.do(
      buyTogether([
        [FINAL, 1],
        [GALA, 5],
      ]),
    );
    expect(events.map((event) => ("sale" in event ? event.sale : event.type))).to.deep.equal([
      "purchased",
      FINAL,
      GALA,
    ]);
  });
});

describe("box office: a key", () => {
  let office: Office;
  beforeEach(() => {
    office = new Office();
    office.do(create(GALA, 5));
    office.do(create(FINAL, 5));
  });

  it("that bought gets the same receipt again, in any phase, and buys nothing more", () => {
    const receipt = answered(office.do(buy(GALA, 2, { key: "one" })), "receipt");
    for (const upset of [null, change("pause", GALA), change("close", GALA)]) {
      if (upset !== null) office.do(upset);
      const { events, answer } = office.do(buy(GALA, 2, { key: "one" }));
      expect(events).to.deep.equal([]);
      expect(answer).to.deep.equal({ ...receipt, repeated: true });
    }
  });

  it("that bought is answered before a sold-out sale is", () => {
    office.do(buy(GALA, 5, { key: "one" }));
    expect(answered(office.do(buy(GALA, 5, { key: "one" })), "receipt").repeated).to.equal(true);
  });

  it("that bought is a mismatch with another quantity, even a wrong one", () => {
    office.do(buy(GALA, 2, { key: "one" }));
    for (const quantity of [1, 3, 11]) {
      expect(office.refusal(buy(GALA, quantity, { key: "one" }))).to.deep.equal({
        reason: "idempotency_mismatch",
      });
    }
  });

  it("that was refused is free", () => {
    expect(office.refusal(buy(GALA, 6, { key: "one" }))).to.include({ reason: "insufficient_stock" });
    expect(answered(office.do(buy(GALA, 1, { key: "one" })), "receipt").repeated).to.equal(false);
  });

  it("belongs to its buyer and its sale", () => {
    office.do(buy(GALA, 1, { key: "one", buyer: "ana" }));
    expect(office.do(buy(GALA, 1, { key: "one", buyer: "rui" })).answer).to.include({ repeated: false });
    expect(office.do(buy(FINAL, 1, { key: "one", buyer: "ana" })).answer).to.include({ repeated: false });
  });

  it("that bought in several sales is the same purchase in any order of them, and a mismatch with fewer", () => {
    const both = [
      [GALA, 1],
      [FINAL, 2],
    ] as const;
    const receipt = answered(office.do(buyTogether(both, "one")), "receipt");
    const again = office.do(buyTogether(both.toReversed(), "one"));
    expect(again).to.deep.equal({ events: [], answer: { ...receipt, repeated: true } });
    for (const sale of [GALA, FINAL]) {
      expect(office.refusal(buyTogether([[sale, 1]], "one"))).to.deep.equal({
        reason: "idempotency_mismatch",
      });
    }
  });

  it("that bought in one of the sales is a mismatch for a purchase over both", () => {
    office.do(buy(FINAL, 1, { key: "one" }));
    const both = buyTogether(
      [
        [GALA, 1],
        [FINAL, 1],
      ],
      "one",
    );
    expect(office.refusal(both)).to.deep.equal({ reason: "idempotency_mismatch" });
  });
});

describe("box office: the organiser", () => {
  let office: Office;
  beforeEach(() => {
    office = new Office();
    office.do(create(GALA, 5));
  });

  it("creates a sale that is open at once when no opening is given, or it has passed", () => {
    for (const opensAt of [null, 1, 1_001]) {
      const { answer, events } = new Office().do(create(FINAL, 5, { opensAt }));
      expect(answer).to.have.nested.property("view.state", "open");
      expect(events[0]).to.include({ type: "sale_created", phase: "open", capacity: 5 });
    }
  });

  it("creates a scheduled sale when the opening is to come", () => {
    const { answer } = office.do(create(FINAL, 5, { opensAt: 9_000, closesAt: 9_500 }));
    expect(answer).to.deep.equal({
      kind: "stock",
      view: {
        sale: FINAL,
        title: "The final",
        state: "scheduled",
        capacity: 5,
        available: 5,
        held: 0,
        sold: 0,
        position: { epoch: 3, offset: 1 },
        at: office.now,
        opensAt: 9_000,
        closesAt: 9_500,
      },
    });
  });

  it("can't create a sale twice, nor more sales than the rules allow", () => {
    expect(office.refusal(create(GALA, 5))).to.deep.equal({ reason: "sale_exists" });
    const small = new Office({ rules: { maxQuantity: 1, maxCapacity: 9, maxSales: 1 } });
    small.do(create(GALA, 1));
    expect(small.refusal(create(FINAL, 1))).to.deep.equal({ reason: "too_many_sales" });
    expect(small.refusal(create(GALA, 1))).to.deep.equal({ reason: "sale_exists" });
  });

  it("can't create a sale of no tickets, of too many, or of a part of one", () => {
    for (const capacity of [0, -1, 0.5, 1_001, Number.NaN]) {
      expect(office.refusal(create(FINAL, capacity))).to.deep.equal({ reason: "bad_quantity", max: 1_000 });
    }
    expect(office.refusal(create(FINAL, 1_000))).to.equal(null);
  });

  it("can't create a sale that closes before it opens, or has closed already", () => {
    const { now } = office;
    for (const times of [
      { opensAt: now + 10, closesAt: now + 10 },
      { opensAt: now + 10, closesAt: now + 5 },
      { opensAt: now - 10, closesAt: now - 5 },
      { opensAt: null, closesAt: now },
    ]) {
      expect(office.refusal(create(FINAL, 5, times))).to.deep.equal({ reason: "bad_times" });
    }
    expect(office.refusal(create(FINAL, 5, { opensAt: now + 10, closesAt: now + 11 }))).to.equal(null);
  });

  it("restocks a sale, also one that sold out, which may then sell out again", () => {
    office.do(buy(GALA, 5));
    const { answer, events } = office.do(restock(GALA, 2));
    expect(events).to.deep.equal([{ type: "restocked", v: 1, at: office.now, sale: GALA, quantity: 2 }]);
    expect(answer).to.have.property("view").that.includes({ state: "open", capacity: 7, available: 2 });
    expect(office.do(buy(GALA, 2)).events.map(({ type }) => type)).to.deep.equal(["purchased", "sold_out"]);
  });

  it("restocks up to the greatest capacity and no further", () => {
    const refusal = { reason: "bad_quantity", max: 995 };
    for (const quantity of [0, -1, 0.5, 996]) {
      expect(office.refusal(restock(GALA, quantity))).to.deep.equal(refusal);
    }
    office.do(restock(GALA, 995));
    expect(office.refusal(restock(GALA, 1))).to.deep.equal({ reason: "bad_quantity", max: 0 });
  });

  it("restocks a paused sale, which stays paused, but not a closed one", () => {
    office.do(change("pause", GALA));
    expect(office.do(restock(GALA, 1)).answer).to.have.nested.property("view.state", "paused");
    office.do(change("close", GALA));
    expect(office.refusal(restock(GALA, 1))).to.deep.equal({ reason: "closed" });
  });

  it("opens and pauses at will, and asking for what already is changes nothing", () => {
    office.do(create(FINAL, 5, { opensAt: 9_000 }));
    const steps = [
      ["pause", "paused", ["paused"]],
      ["pause", "paused", []],
      ["open", "open", ["opened"]],
      ["open", "open", []],
    ] as const;
    for (const [type, state, events] of steps) {
      for (const sale of [GALA, FINAL]) {
        const decision = office.do(change(type, sale));
        expect(decision.events.map(({ type }) => type)).to.deep.equal(events);
        expect(decision.answer).to.have.nested.property("view.state", state);
      }
    }
  });

  it("closes for good", () => {
    expect(office.do(change("close", GALA)).events).to.deep.equal([
      { type: "closed", v: 1, at: office.now, sale: GALA },
    ]);
    expect(office.do(change("close", GALA))).to.deep.include({ events: [] });
    for (const type of ["open", "pause"] as const) {
      expect(office.refusal(change(type, GALA))).to.deep.equal({ reason: "closed" });
    }
  });

  it("opens a sale without tickets as sold out", () => {
    office.do(buy(GALA, 5));
    office.do(change("pause", GALA));
    expect(office.do(change("open", GALA)).answer).to.have.nested.property("view.state", "sold_out");
  });

  it("is told that a sale is unknown, whatever is asked of it", () => {
    const commands: Command[] = [
      query(FINAL),
      { type: "audit", sale: FINAL },
      restock(FINAL, 1),
      change("open", FINAL),
      change("pause", FINAL),
      change("close", FINAL),
    ];
    for (const command of commands) {
      expect(office.refusal(command)).to.deep.equal({ reason: "unknown_sale" });
    }
  });

  it("reads the books: figures, balance, digest and offset", () => {
    const audit = (): unknown => answered(office.do({ type: "audit", sale: GALA }), "audit").audit;
    const empty = { sale: GALA, capacity: 5, available: 5, held: 0, sold: 0, tickets: 0, balanced: true };
    expect(audit()).to.deep.equal({ ...empty, digest: "0000000000000000", offset: 1 });
    office.do(buy(GALA, 2));
    expect(audit()).to.deep.include({ available: 3, sold: 2, tickets: 2, balanced: true, offset: 2 });
    expect(audit())
      .to.have.property("digest")
      .that.matches(/^(?!0{16})[0-9a-f]{16}$/);
  });
});

describe("box office: a query", () => {
  it("shows the sale at the position of its own newest event", () => {
    const office = new Office();
    office.do(create(GALA, 2));
    office.do(buy(GALA, 2));
    const boughtAt = office.now;
    office.do(create(FINAL, 1));
    expect(answered(office.do(query(GALA)), "stock").view).to.deep.equal({
      sale: GALA,
      title: "The gala",
      state: "sold_out",
      capacity: 2,
      available: 0,
      held: 0,
      sold: 2,
      position: { epoch: 3, offset: 1 },
      at: boughtAt,
      opensAt: null,
      closesAt: null,
    });
  });
});
