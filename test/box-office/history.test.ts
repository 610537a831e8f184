/**
 * Random stories over three sales: clocks that jump both ways, keys and codes that come again, purchases over several
 * sales, restocks, phases, openings and closings. After each step the books are held against what was answered, and
 * at the end against every other way to come by the same state.
 */
import { expect } from "chai";
import * as fc from "fast-check";
import type { Receipt } from "../../src/box-office/answer.ts";
import { auditSale, createBoxOffice, evolve, type BoxOffice } from "../../src/box-office/box-office.ts";
import type { Buy, Command } from "../../src/box-office/command.ts";
import { dueEvents, nextDeadline } from "../../src/box-office/deadlines.ts";
import { decide } from "../../src/box-office/decide.ts";
import type { Rules } from "../../src/box-office/decision.ts";
import type { SaleEvent } from "../../src/box-office/event.ts";
import {
  isBalanced,
  viewSale,
  type BuyerId,
  type PurchaseKey,
  type SaleId,
} from "../../src/box-office/sale.ts";
import { freshCode } from "../support/commands.ts";
import { codesOf, knowledgeOf, passThroughSnapshot, purchasesOf } from "../support/knowledge.ts";

const RULES: Rules = { maxQuantity: 4, maxCapacity: 25, maxSales: 3 };
const SALES = ["a", "b", "c"] as SaleId[];
const NOWHERE = "d" as SaleId;

interface Step {
  /** How far the clock jumps before it. */
  readonly jump: number;
  readonly command: Command;
}

const sale = fc.constantFrom(...SALES);
const anySale = fc.oneof({ weight: 20, arbitrary: sale }, { weight: 1, arbitrary: fc.constant(NOWHERE) });
const time = fc.option(fc.integer({ min: -50, max: 400 }));

const quantity = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 5) },
);

/** Mostly fresh codes; sometimes one that another purchase, or this one, may have. */
const items = fc
  .uniqueArray(anySale, { minLength: 1, maxLength: 3 })
  .chain((sales) =>
    fc.tuple(
      fc.constant(sales),
      fc.array(quantity, { minLength: 3, maxLength: 3 }),
      fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
      fc.integer({ min: 0, max: 9 }),
    ),
  );

const command: fc.Arbitrary<() => Command> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .record({
        items,
        buyer: fc.constantFrom("ana", "rui"),
        key: fc.oneof(fc.constantFrom("k1", "k2", "k3"), fc.stringMatching(/^[a-z]{6}$/)),
        old: fc.nat({ max: 9 }),
      })
      .map((parts) => (): Command => purchase(parts)),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ sale, capacity: fc.integer({ min: 0, max: 26 }), opensAt: time, closesAt: time })
      .map(({ opensAt, closesAt, ...rest }) => (): Command => ({
        type: "create",
        title: "A title",
        opensAt: opensAt === null ? null : 1_000 + opensAt,
        closesAt: closesAt === null ? null : 1_000 + closesAt,
        ...rest,
      })),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ sale: anySale, quantity: fc.integer({ min: 0, max: 6 }) })
      .map((parts) => (): Command => ({ type: "restock", ...parts })),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ type: fc.constantFrom("open", "open", "pause", "query", "audit"), sale: anySale })
      .map((parts) => (): Command => parts),
  },
  { weight: 1, arbitrary: sale.map((sale) => (): Command => ({ type: "close", sale })) },
);

const jump = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: -200, max: 200 }));

/** Most stories begin with open sales, so that there is something to buy. */
const openings = fc
  .subarray(SALES)
  .chain((sales) =>
    fc.tuple(...sales.map((sale) => fc.tuple(fc.constant(sale), fc.integer({ min: 1, max: 8 })))),
  )
  .map((sales) =>
    sales.map(([sale, capacity]) => ({
      jump: 0,
      command: (): Command => ({ type: "create", sale, title: "", capacity, opensAt: null, closesAt: null }),
    })),
  );

const story = fc
  .tuple(openings, fc.array(fc.record({ jump, command }), { maxLength: 50, size: "max" }))
  .map(([first, rest]) => [...first, ...rest]);

/** What the steps share, held against the state after each of them. */
class Story {
  readonly state = createBoxOffice();
  readonly history: { readonly event: SaleEvent; readonly epoch: number }[] = [];
  readonly receipts = new Map<string, Receipt>();
  clock = 1_000;
  epoch = 1;

  run({ jump, command }: Step): void {
    this.clock += jump;
    for (let now = this.clock; (nextDeadline(this.state) ?? Infinity) <= now;) {
      const due = dueEvents(this.state, now);
      expect(due, "a deadline that passed is due").to.not.deep.equal([]);
      for (const event of due) this.#happen(event);
    }
    this.#decide(command);
    this.#assertBooks();
  }

  #decide(command: Command): void {
    const { state } = this;
    const before = knowledgeOf(state);
    const given = structuredClone(command);
    const stamp = { at: Math.max(this.clock, state.at), epoch: this.epoch };
    const { events, answer } = decide(state, command, stamp, RULES);
    expect(knowledgeOf(state), "deciding changes nothing").to.deep.equal(before);
    expect(command).to.deep.equal(given);

    const wasLeft = new Map([...state.sales.values()].map((sale) => [sale.id, sale.available + sale.held]));
    const orders = new Map([...state.sales.values()].map((sale) => [sale.id, sale.orders]));
    for (const event of events) this.#happen(event);
    this.#assertSoldOut(events, wasLeft);

    switch (answer.kind) {
      case "rejected":
        expect(events).to.deep.equal([]);
        break;
      case "audit":
        expect(events).to.deep.equal([]);
        expect(answer.audit).to.deep.equal(auditSale(state.sales.get(answer.audit.sale)!, state.offset));
        break;
      case "stock":
        // What the organiser is told is what a query says just after.
        expect(answer.view).to.deep.equal(viewSale(state.sales.get(answer.view.sale)!, this.epoch));
        break;
      case "receipt":
        this.#assertReceipt(command as Buy, answer, events, orders);
    }
  }

  #assertReceipt(
    command: Buy,
    answer: Receipt,
    events: readonly SaleEvent[],
    orders: ReadonlyMap<SaleId, number>,
  ): void {
    const scopes = command.items.map((item) => `${item.sale} ${command.buyer} ${command.key}`);
    if (answer.repeated) {
      expect(events).to.deep.equal([]);
      for (const scope of scopes)
        expect({ ...this.receipts.get(scope), repeated: true }).to.deep.equal(answer);
      return;
    }
    expect(events[0]).to.include({ type: "purchased" });
    expect(answer.position).to.deep.equal({ epoch: this.epoch, offset: this.state.offset - events.length });
    expect(answer.items.map(({ sale }) => sale)).to.deep.equal(command.items.map(({ sale }) => sale));
    answer.items.forEach((item, i) => {
      expect(item.codes).to.deep.equal(command.items[i]!.codes);
      expect(item.codes).to.have.length(command.items[i]!.quantity);
      expect(item.order).to.equal(orders.get(item.sale)! + 1);
      expect(item.remaining).to.equal(this.state.sales.get(item.sale)!.available);
    });
    for (const scope of scopes) {
      expect(this.receipts.has(scope), "a key buys once").to.equal(false);
      this.receipts.set(scope, answer);
    }
  }

  /** One sold_out for each sale whose last ticket just went, behind the purchase; none otherwise. */
  #assertSoldOut(events: readonly SaleEvent[], wasLeft: ReadonlyMap<SaleId, number>): void {
    const told = events.flatMap((event) => (event.type === "sold_out" ? [event.sale] : []));
    const became = [...this.state.sales.values()]
      .filter((sale) => sale.sold === sale.capacity && (wasLeft.get(sale.id) ?? 0) > 0)
      .map((sale) => sale.id);
    expect(told.toSorted()).to.deep.equal(became.toSorted());
  }

  #assertBooks(): void {
    for (const sale of this.state.sales.values()) {
      expect(isBalanced(sale), JSON.stringify(sale)).to.equal(true);
      expect(sale.available + sale.held + sale.sold).to.equal(sale.capacity);
      expect(sale.available).to.be.at.least(0);
      expect(sale.capacity).to.be.at.most(RULES.maxCapacity);
      const purchases = [...this.state.purchases!.ofSale(sale.id)];
      expect(new Set(codesOf(purchases, sale.id)).size).to.equal(sale.sold);
      const orders = purchases.map(({ items }) => items.find((item) => item.sale === sale.id)!.order);
      expect(orders).to.deep.equal(orders.map((_, i) => i + 1));
      expect(sale.orders).to.equal(orders.length);
    }
    const codes = SALES.flatMap((sale) => codesOf([...this.state.purchases!.ofSale(sale)], sale));
    expect(new Set(codes).size, "codes are live once over all sales").to.equal(codes.length);
    expect(codes.every((code) => this.state.purchases!.hasCode(code))).to.equal(true);
  }

  #happen(event: SaleEvent): void {
    expect(event.at, "time doesn't run backwards").to.be.at.least(this.state.at);
    evolve(this.state, event, this.epoch);
    this.history.push({ event, epoch: this.epoch });
  }
}

describe("box office: any history", () => {
  it("keeps the books balanced, sells each code once and answers what the state then shows", () => {
    fc.assert(
      fc.property(story, (steps) => {
        tell(steps);
      }),
      { numRuns: 150 },
    );
  });

  it("sells in most random stories, and sells out in some: the properties speak of something", () => {
    const stories = fc.sample(story, { numRuns: 200, seed: 7 }).map(tell);
    const types = new Map<string, number>();
    for (const { history } of stories) {
      for (const { event } of history) types.set(event.type, (types.get(event.type) ?? 0) + 1);
    }
    for (const type of ["sale_created", "purchased", "sold_out", "restocked", "opened", "paused", "closed"]) {
      expect(types.get(type), type).to.be.at.least(20);
    }
    const several = stories.flatMap(({ history }) =>
      history.filter(({ event }) => event.type === "purchased" && event.items.length > 1),
    );
    expect(several.length).to.be.at.least(20);
  });

  it("replayed gives the same books, receipts, audits and digests", () => {
    fc.assert(
      fc.property(story, (steps) => {
        const { state, history } = tell(steps);
        const replayed = replay(history, createBoxOffice());
        expect(knowledgeOf(replayed)).to.deep.equal(knowledgeOf(state));
        expect(auditsOf(replayed)).to.deep.equal(auditsOf(state));
      }),
    );
  });

  it("folded without remembering purchases gives the same audits and digests", () => {
    fc.assert(
      fc.property(story, (steps) => {
        const { state, history } = tell(steps);
        expect(auditsOf(replay(history, createBoxOffice("count")))).to.deep.equal(auditsOf(state));
      }),
    );
  });

  it("passed through a snapshot at any point and then continued gives the same state", () => {
    fc.assert(
      fc.property(story, fc.nat(), (steps, at) => {
        const { state, history } = tell(steps);
        const cut = history.length === 0 ? 0 : at % (history.length + 1);
        const before = replay(history.slice(0, cut), createBoxOffice());
        const restored = passThroughSnapshot(before, createBoxOffice());
        expect(knowledgeOf(restored)).to.deep.equal(knowledgeOf(before));
        expect(knowledgeOf(replay(history.slice(cut), restored))).to.deep.equal(knowledgeOf(state));
        const counted = passThroughSnapshot(before, createBoxOffice("count"));
        expect(auditsOf(replay(history.slice(cut), counted))).to.deep.equal(auditsOf(state));
      }),
    );
  });

  it("decides alike on the state itself, a replay of it and a snapshot of it", () => {
    fc.assert(
      fc.property(story, command, (steps, next) => {
        const { state, history, clock, epoch } = tell(steps);
        const command = next();
        const stamp = { at: Math.max(clock, state.at), epoch };
        const decision = decide(state, command, stamp, RULES);
        expect(decide(state, command, stamp, RULES)).to.deep.equal(decision);
        expect(decide(replay(history, createBoxOffice()), command, stamp, RULES)).to.deep.equal(decision);
        expect(decide(passThroughSnapshot(state, createBoxOffice()), command, stamp, RULES)).to.deep.equal(
          decision,
        );
      }),
    );
  });
});

/** Runs a story; the epoch rises in the middle, as if the server had been started again. */
function tell(steps: readonly { readonly jump: number; readonly command: () => Command }[]): Story {
  const told = new Story();
  const codes: string[] = [];
  steps.forEach(({ jump, command }, i) => {
    if (i === Math.floor(steps.length / 2)) told.epoch += 1;
    told.run({ jump, command: withOldCodes(command(), codes) });
  });
  expect(purchasesOf(told.state)).to.have.length(
    told.history.filter(({ event }) => event.type === "purchased").length,
  );
  return told;
}

function purchase(parts: {
  readonly items: readonly [readonly SaleId[], readonly number[], readonly boolean[], number];
  readonly buyer: string;
  readonly key: string;
}): Command {
  const [sales, quantities, stale, wrong] = parts.items;
  return {
    type: "buy",
    buyer: parts.buyer as BuyerId,
    key: parts.key as PurchaseKey,
    items: sales.map((sale, i) => {
      const quantity = quantities[i]!;
      const codes = Array.from({ length: quantity }, freshCode);
      // One purchase in ten brings a code twice, or one too few.
      if (wrong === 0 && stale[i] === true && codes.length > 1) codes[1] = codes[0]!;
      if (wrong === 0 && stale[i] === false) codes.pop();
      return { sale, quantity, codes };
    }),
  };
}

/** Gives one purchase in six a code that an earlier command brought. */
function withOldCodes(command: Command, codes: string[]): Command {
  if (command.type !== "buy") return command;
  const old = codes[codes.length - 3];
  for (const item of command.items) codes.push(...item.codes);
  const [first, ...rest] = command.items;
  if (old === undefined || first === undefined || codes.length % 6 !== 0) return command;
  return {
    ...command,
    items: [{ ...first, codes: [old as (typeof first.codes)[0], ...first.codes.slice(1)] }, ...rest],
  };
}

function replay(history: Story["history"], into: BoxOffice): BoxOffice {
  for (const { event, epoch } of history) evolve(into, event, epoch);
  return into;
}

function auditsOf(state: BoxOffice): unknown {
  return [...state.sales.values()].map((sale) => auditSale(sale, state.offset));
}
