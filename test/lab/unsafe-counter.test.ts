/** The counter without a queue, step by step: the test is the database, and lets each call return when it likes. */
import { expect } from "chai";
import type { Answer } from "../../src/box-office/answer.ts";
import { auditSale, createBoxOffice } from "../../src/box-office/box-office.ts";
import type { BuyerId, PurchaseKey, SaleId, TicketCode } from "../../src/box-office/sale.ts";
import { LIMITS } from "../../src/limits.ts";
import type { Published } from "../../src/engine/ports.ts";
import { UnsafeCounter } from "../../src/lab/unsafe-counter.ts";

const SALE = "default" as SaleId;

describe("the counter without a queue", () => {
  it("is right for one buyer after the other, and announces the end once", async () => {
    const shop = new Shop(2);
    for (const left of [1, 0]) {
      const buyer = shop.buy();
      await shop.returnAll();
      expect(buyer.told()).to.equal(left);
    }
    expect(shop.notices()).to.equal(1);
    expect(shop.audit()).to.include({ sold: 2, available: 0, balanced: true });
    const late = shop.buy();
    await shop.returnAll();
    expect(late.told()).to.equal("sold_out");
  });

  it("tells two buyers the same number when both read before either writes, and forgets one of them", async () => {
    const shop = new Shop(10);
    const [ana, rui] = [shop.buy(), shop.buy()];
    await shop.return(ana, rui, ana, rui, ana, rui);
    expect([ana.told(), rui.told()]).to.deep.equal([9, 9]);
    expect(shop.audit()).to.include({ sold: 2, available: 9, balanced: false });
  });

  it("goes below 0 when two look at the last ticket and take it one after the other", async () => {
    const shop = new Shop(1);
    const [ana, rui] = [shop.buy(), shop.buy()];
    await shop.return(ana, rui, ana, ana, rui, rui);
    expect([ana.told(), rui.told()]).to.deep.equal([0, -1]);
    expect(shop.audit()).to.include({ sold: 2, available: -1, balanced: false });
    expect(shop.counter.view(SALE)).to.include({ state: "sold_out", available: -1 });
  });

  it("lets the stock rise when an old write comes late", async () => {
    const shop = new Shop(10);
    const [late, ana, rui] = [shop.buy(), shop.buy(), shop.buy()];
    await shop.return(late, late, ana, ana, ana, rui, rui, rui, late);
    expect([ana.told(), rui.told(), late.told()]).to.deep.equal([9, 8, 9]);
    expect(shop.published.map(({ views }) => views[0]?.available)).to.deep.equal([9, 8, 9]);
  });

  it("announces the end each time that somebody writes a 0", async () => {
    const shop = new Shop(1);
    const [ana, rui] = [shop.buy(), shop.buy()];
    await shop.return(ana, rui, ana, rui, ana, rui);
    expect([ana.told(), rui.told()]).to.deep.equal([0, 0]);
    expect(shop.notices()).to.equal(2);
  });

  it("answers before it publishes, at positions that rise", async () => {
    const shop = new Shop(3);
    const [ana, rui] = [shop.buy(), shop.buy()];
    await shop.return(ana, rui, ana, rui, ana, rui);
    expect(shop.heard).to.deep.equal(["answer", "publish", "answer", "publish"]);
    expect(shop.published.map(({ offset }) => offset)).to.deep.equal([1, 2]);
  });

  it("takes no more than it may serve at once, none once it stops, and stops when all have been answered", async () => {
    const shop = new Shop(10, 2);
    // The organiser's command that made the sale is over by now.
    await new Promise(setImmediate);
    const ana = shop.buy();
    expect(shop.counter.isFull()).to.equal(false);
    const rui = shop.buy();
    expect(shop.counter.isFull()).to.equal(true);
    expect(shop.isTaken()).to.equal(false);
    let stopped = false;
    const stopping = shop.counter.stop().then(() => (stopped = true));
    await shop.return(ana, ana, ana);
    expect(shop.isTaken()).to.equal(false);
    expect(stopped).to.equal(false);
    await shop.returnAll();
    await stopping;
    expect(rui.told()).to.be.a("number");
  });
});

/** A buyer who waits; its calls to the database return when the test says so. */
interface Waiting {
  readonly calls: (() => void)[];
  /** The stock that it was told, or why it was refused. */
  told(): number | string;
}

class Shop {
  readonly state = createBoxOffice();
  readonly counter: UnsafeCounter;
  readonly published: Published[] = [];
  readonly heard: string[] = [];
  #buyers = 0;
  readonly #waiting: Waiting[] = [];
  /** Whose call begins now. */
  #acting: Waiting | null = null;

  constructor(stock: number, mostUnderWay = 100) {
    this.counter = new UnsafeCounter({
      state: this.state,
      journal: { epoch: 1 },
      clock: { now: () => 0, monotonic: () => 0 },
      scheduler: {
        soon: () => undefined,
        after: (_ms, task) => {
          this.#acting?.calls.push(task);
          return { cancel: () => undefined };
        },
      },
      entropy: { random: () => 0, ticketCode: () => "X" as TicketCode },
      rules: LIMITS.rules,
      databaseCallMs: 1,
      mostUnderWay,
      probe: { decided: () => undefined, batch: () => undefined, synced: () => undefined },
      publish: (published) => {
        this.heard.push("publish");
        this.published.push(published);
      },
      fail: (fault) => {
        throw fault;
      },
    });
    const command = {
      type: "create",
      sale: SALE,
      title: "x",
      capacity: stock,
      opensAt: null,
      closesAt: null,
    } as const;
    this.counter.submit({ command, reply: () => undefined });
    this.published.length = 0;
    this.heard.length = 0;
  }

  buy(): Waiting {
    const number = ++this.#buyers;
    let answer: Answer | undefined;
    const buyer: Waiting = {
      calls: [],
      told: () => {
        if (answer?.kind === "receipt") return answer.items[0]?.remaining ?? Number.NaN;
        return answer?.kind === "rejected" ? answer.rejection.reason : "no answer";
      },
    };
    this.#waiting.push(buyer);
    this.#acting = buyer;
    this.counter.submit({
      command: buyCommand(number),
      reply: (given) => {
        this.heard.push("answer");
        answer = given;
      },
    });
    this.#acting = null;
    return buyer;
  }

  /** Lets the next call of each of these return, in this order. */
  async return(...buyers: readonly Waiting[]): Promise<void> {
    for (const buyer of buyers) {
      const call = buyer.calls.shift();
      expect(call, "a call that can return").to.not.equal(undefined);
      this.#acting = buyer;
      call?.();
      await new Promise(setImmediate);
      this.#acting = null;
    }
  }

  async returnAll(): Promise<void> {
    for (const buyer of this.#waiting) while (buyer.calls.length > 0) await this.return(buyer);
  }

  isTaken(): boolean {
    return this.counter.submit({ command: buyCommand(++this.#buyers), reply: () => undefined });
  }

  notices(): number {
    return this.published.flatMap(({ events }) => events).filter(({ type }) => type === "sold_out").length;
  }

  audit(): object {
    const sale = this.state.sales.get(SALE);
    if (sale === undefined) throw new Error("there is no sale");
    return auditSale(sale, this.state.offset);
  }
}

function buyCommand(number: number) {
  return {
    type: "buy",
    items: [{ sale: SALE, quantity: 1, codes: [`CODE${number}` as TicketCode] }],
    buyer: `buyer-${number}` as BuyerId,
    key: `key-${number}` as PurchaseKey,
  } as const;
}
