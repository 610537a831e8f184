import { expect } from "chai";
import { array, assert, constantFrom, property } from "fast-check";
import type { ClientMessage, ReceiptMessage, RejectedMessage } from "../../src/protocol/messages.ts";
import { PAGE_LIMITS } from "../../web/limits.ts";
import { PurchaseStore } from "../../web/purchase-store.ts";
import { Purchases } from "../../web/purchases.ts";
import { ManualTime } from "../support/manual-time.ts";
import { MapStorage, receipt, timersOf } from "./fakes.ts";

type Buy = Extract<ClientMessage, { type: "buy" }>;

/** One browser tab; several share a storage, and a reload is a new one on the old storage. */
class Tab {
  readonly purchases: Purchases;
  readonly sent: Buy[] = [];
  live = true;
  static #keys = 0;

  constructor(storage: MapStorage, time: ManualTime, options: { beforeSend?: () => void } = {}) {
    this.purchases = new Purchases({
      sale: "show",
      store: new PurchaseStore(storage, "show"),
      timers: timersOf(time),
      random: () => 0.5,
      today: () => time.now(),
      newKey: () => `key-${(Tab.#keys += 1)}`,
      send: (message) => {
        options.beforeSend?.();
        if (this.live && message.type === "buy") this.sent.push(message);
        return this.live;
      },
      changed: () => {},
    });
  }

  refuse(reason: string, figures: Partial<RejectedMessage> = {}): void {
    const { id } = this.sent.at(-1)!;
    this.purchases.takeRefusal({ type: "rejected", id, reason, message: "no", ...figures });
  }

  accept(): void {
    this.purchases.takeReceipt(receipt({ id: this.sent.at(-1)!.id }));
  }
}

function setUp(): { storage: MapStorage; time: ManualTime; tab: Tab } {
  const storage = new MapStorage();
  const time = new ManualTime();
  return { storage, time, tab: new Tab(storage, time) };
}

/** A stored object that lacks one of its fields. */
function without(whole: object, name: string): string {
  return JSON.stringify({ ...whole, [name]: undefined });
}

/** A server without a free place answers each try of this tab, until it gives up. */
function exhaust(tab: Tab, time: ManualTime): void {
  for (let i = 0; i < 50 && tab.purchases.current !== null; i++) {
    if (tab.purchases.current.progress.kind === "asking") return;
    tab.refuse("busy");
    time.advance(60_000);
  }
}

describe("the page's purchases", () => {
  it("writes a purchase down before it is sent", () => {
    const storage = new MapStorage();
    const kept: number[] = [];
    const beforeSend = (): unknown => kept.push(new PurchaseStore(storage, "show").pendings().length);
    const tab = new Tab(storage, new ManualTime(), { beforeSend });
    tab.purchases.buy(3);
    expect(kept).to.deep.equal([1]);
    expect(new PurchaseStore(storage, "show").pendings()[0]).to.include({
      key: tab.sent[0]!.id,
      sale: "show",
      buyer: tab.sent[0]!.buyer,
      quantity: 3,
    });
  });

  it("buys nothing on a second press while the first has no answer", () => {
    const { tab } = setUp();
    expect(tab.purchases.buy(1)).to.equal(true);
    expect(tab.purchases.buy(1)).to.equal(false);
    expect(tab.sent).to.have.lengthOf(1);
  });

  it("sends the same again after each reconnect until it is answered", () => {
    const { tab } = setUp();
    tab.purchases.buy(2);
    tab.purchases.resume();
    tab.purchases.resume();
    expect(new Set(tab.sent.map((message) => JSON.stringify(message)))).to.have.lengthOf(1);
    expect(tab.sent).to.have.lengthOf(3);
    tab.accept();
    tab.purchases.resume();
    expect(tab.sent).to.have.lengthOf(3);
  });

  it("sends the same again after a reload", () => {
    const { tab, storage, time } = setUp();
    tab.purchases.buy(2);
    const reloaded = new Tab(storage, time);
    expect(reloaded.purchases.current?.pending.key).to.equal(tab.sent[0]!.id);
    expect(reloaded.purchases.buy(1)).to.equal(false);
    reloaded.purchases.resume();
    expect(reloaded.sent).to.deep.equal(tab.sent);
  });

  it("keeps a purchase that was made without a connection and sends it when there is one", () => {
    const { tab } = setUp();
    tab.live = false;
    tab.purchases.buy(1);
    expect(tab.sent).to.deep.equal([]);
    tab.live = true;
    tab.purchases.resume();
    expect(tab.sent).to.have.lengthOf(1);
  });

  it("shows receipts again after a reload, the newest first", () => {
    const { tab, storage, time } = setUp();
    for (const order of [1, 2]) {
      tab.purchases.buy(1);
      tab.purchases.takeReceipt(receipt({ id: tab.sent.at(-1)!.id, order, at: order }));
      time.advance(PAGE_LIMITS.restMs);
    }
    const { receipts, current } = new Tab(storage, time).purchases;
    expect(receipts.map(({ order, codes }) => [order, ...codes])).to.deep.equal([
      [2, "K7QM4TXR9WPD"],
      [1, "K7QM4TXR9WPD"],
    ]);
    expect(current).to.equal(null);
  });

  it("buys nothing on a press that comes right after the receipt, and again after a rest", () => {
    const { tab, time } = setUp();
    tab.purchases.buy(1);
    tab.accept();
    time.advance(PAGE_LIMITS.restMs - 1);
    expect(tab.purchases.resting).to.equal(true);
    expect(tab.purchases.buy(1)).to.equal(false);
    expect(tab.sent).to.have.lengthOf(1);
    time.advance(1);
    expect(tab.purchases.buy(1)).to.equal(true);
    expect(tab.sent).to.have.lengthOf(2);
  });

  it("passes over what isn't a receipt or a purchase under a name of theirs", () => {
    const { tab, storage, time } = setUp();
    tab.purchases.buy(1);
    tab.accept();
    const position = { epoch: 1, offset: 1 };
    const whole = { key: "k", sale: "show", codes: ["A"], order: 1, position, at: 1 };
    const rubbish = [
      "",
      "x",
      "7",
      "null",
      "[]",
      "{}",
      ...Object.keys(whole).map((name) => without(whole, name)),
    ];
    const pending = { key: "k", sale: "show", buyer: "b", quantity: 1, madeAt: 1 };
    rubbish.push(...Object.keys(pending).map((name) => without(pending, name)));
    rubbish.push(JSON.stringify({ ...whole, codes: "A" }), JSON.stringify({ ...whole, codes: [1] }));
    rubbish.push(JSON.stringify({ ...whole, position: {} }), JSON.stringify({ ...pending, madeAt: 1e300 }));
    rubbish.forEach((text, i) => {
      storage.setItem(`bilheteria:sale:show:receipt:r${i}`, text);
      storage.setItem(`bilheteria:sale:show:pending:p${i}`, text);
    });
    const { receipts, current } = new Tab(storage, time).purchases;
    expect(receipts.map(({ key }) => key)).to.deep.equal([tab.sent[0]!.id]);
    expect(current).to.equal(null);
  });

  it("asks again for a receipt that something else overwrote", () => {
    const { tab, storage, time } = setUp();
    tab.purchases.buy(1);
    storage.setItem(`bilheteria:sale:show:receipt:${tab.sent[0]!.id}`, "{}");
    const reloaded = new Tab(storage, time);
    reloaded.purchases.resume();
    expect(reloaded.sent).to.deep.equal(tab.sent);
  });

  it("keeps with a receipt which journal it is of", () => {
    const { tab, storage, time } = setUp();
    tab.purchases.buy(1);
    tab.accept();
    time.advance(PAGE_LIMITS.restMs);
    tab.purchases.buy(1);
    tab.purchases.takeReceipt(receipt({ id: tab.sent.at(-1)!.id, order: 2, at: 9 }), "j");
    const { receipts } = new Tab(storage, time).purchases;
    expect(receipts.map(({ journal }) => journal)).to.deep.equal(["j", undefined]);
  });

  it("keeps the receipts of each sale apart", () => {
    const { tab, storage } = setUp();
    tab.purchases.buy(1);
    tab.accept();
    expect(new PurchaseStore(storage, "show").receipts()).to.have.lengthOf(1);
    expect(new PurchaseStore(storage, "sho").receipts()).to.deep.equal([]);
    expect(new PurchaseStore(storage, "other").receipts()).to.deep.equal([]);
  });

  it("is the same buyer in every tab and after a reload", () => {
    const { tab, storage, time } = setUp();
    tab.purchases.buy(1);
    tab.accept();
    const other = new Tab(storage, time);
    other.purchases.buy(1);
    expect(other.sent[0]!.buyer).to.equal(tab.sent[0]!.buyer);
    expect(other.sent[0]!.id).not.to.equal(tab.sent[0]!.id);
  });

  it("shows one receipt when two tabs sent the same key", () => {
    const { tab, storage, time } = setUp();
    tab.purchases.buy(1);
    const other = new Tab(storage, time);
    other.purchases.resume();
    tab.accept();
    other.accept();
    for (const { purchases } of [tab, other]) {
      purchases.storeChanged();
      expect(purchases.receipts).to.have.lengthOf(1);
      expect(purchases.current).to.equal(null);
    }
  });

  it("learns from another tab that its purchase was answered", () => {
    const { tab, storage, time } = setUp();
    tab.purchases.buy(1);
    const other = new Tab(storage, time);
    tab.accept();
    other.purchases.storeChanged();
    expect(other.purchases.outcome?.kind).to.equal("bought");
    other.purchases.resume();
    expect(other.sent).to.deep.equal([]);
  });

  it("doesn't try in one tab what another was refused", () => {
    const { tab, storage, time } = setUp();
    tab.purchases.buy(1);
    const other = new Tab(storage, time);
    tab.refuse("sold_out");
    other.purchases.resume();
    expect(other.sent).to.deep.equal([]);
    expect(other.purchases.current).to.equal(null);
  });

  for (const reason of ["sold_out", "insufficient_stock", "paused", "closed", "not_open", "bad_quantity"]) {
    it(`frees the button after ${reason}`, () => {
      const { tab, storage, time } = setUp();
      tab.purchases.buy(1);
      tab.refuse(reason);
      expect(tab.purchases.current).to.equal(null);
      expect(tab.purchases.outcome).to.deep.include({ kind: "refused" });
      expect(new Tab(storage, time).purchases.current).to.equal(null);
      time.advance(3_600_000);
      expect(tab.sent).to.have.lengthOf(1);
      expect(tab.purchases.buy(1)).to.equal(true);
      expect(tab.sent[0]!.id).not.to.equal(tab.sent[1]!.id);
    });
  }

  it("frees the button when the server can't read the purchase", () => {
    const { tab } = setUp();
    tab.purchases.buy(1);
    const { id } = tab.sent[0]!;
    tab.purchases.takeRefusal({ type: "error", id, code: "bad_message", message: "?" });
    expect(tab.purchases.current).to.equal(null);
  });

  it("doesn't take somebody else's refusal for its own", () => {
    const { tab } = setUp();
    tab.purchases.buy(1);
    tab.purchases.takeRefusal({ type: "rejected", id: "pulse", reason: "busy", message: "" });
    tab.purchases.takeRefusal({ type: "rejected", reason: "sold_out", message: "" });
    expect(tab.purchases.current?.progress.kind).to.equal("sent");
  });

  it("waits as long as a rate limit says, then sends the same key again", () => {
    const { tab, time } = setUp();
    tab.purchases.buy(1);
    tab.refuse("rate_limited", { retryAfterMs: 2_500 });
    time.advance(2_500);
    expect(tab.sent).to.have.lengthOf(1);
    expect(tab.purchases.current?.progress).to.include({ kind: "waiting", tries: 1 });
    time.advance(1_000);
    expect(tab.sent).to.have.lengthOf(2);
    expect(tab.sent[1]).to.deep.equal(tab.sent[0]);
  });

  it("tries a busy server a bounded number of times and then says so", () => {
    const { tab, time } = setUp();
    tab.purchases.buy(1);
    for (let i = 0; i < 50 && tab.purchases.current !== null; i++) {
      tab.refuse("busy");
      time.advance(60_000);
    }
    expect(tab.sent).to.have.lengthOf(PAGE_LIMITS.purchaseTries);
    expect(new Set(tab.sent.map(({ id }) => id))).to.have.lengthOf(1);
    expect(tab.purchases.outcome).to.deep.include({ kind: "refused" });
  });

  it("asks instead of saying that nothing was bought when a busy server never answered an earlier try", () => {
    const { tab, storage, time } = setUp();
    const lost: Record<string, () => Tab> = {
      "with the connection": () => tab,
      "by a reload": () => new Tab(storage, time),
    };
    tab.purchases.buy(2);
    for (const [how, again] of Object.entries(lost)) {
      const current = again();
      current.purchases.resume();
      exhaust(current, time);
      expect(current.purchases.current?.progress.kind, how).to.equal("asking");
      expect(current.purchases.outcome, how).to.equal(null);
      expect(current.purchases.buy(1), how).to.equal(false);
      time.advance(PAGE_LIMITS.restMs);
      expect(new PurchaseStore(storage, "show").pendings(), how).to.have.lengthOf(1);
    }
  });

  it("asks likewise when another tab sent the same key, whose answer may be lost", () => {
    const { tab, storage, time } = setUp();
    tab.purchases.buy(1);
    const other = new Tab(storage, time);
    other.purchases.resume();
    exhaust(tab, time);
    expect(tab.purchases.current?.progress.kind).to.equal("asking");
    other.purchases.resume();
    other.accept();
    tab.purchases.storeChanged();
    expect(tab.purchases.outcome?.kind).to.equal("bought");
    expect([...storage.entries.keys()].filter((name) => /pending|shared/.test(name))).to.deep.equal([]);
  });

  it("tries as often again when its buyer says go, and shows what the first try bought", () => {
    const { tab, time } = setUp();
    tab.purchases.buy(1);
    tab.purchases.resume();
    exhaust(tab, time);
    const sent = tab.sent.length;
    tab.purchases.goAhead();
    exhaust(tab, time);
    expect(tab.sent).to.have.lengthOf(sent + PAGE_LIMITS.purchaseTries);
    tab.purchases.goAhead();
    tab.accept();
    expect(tab.purchases.receipts).to.have.lengthOf(1);
    expect(new Set(tab.sent.map(({ id }) => id))).to.have.lengthOf(1);
  });

  it("isn't in doubt of a purchase whose every try was answered, or never left", () => {
    const { tab, time } = setUp();
    tab.live = false;
    tab.purchases.buy(1);
    tab.live = true;
    tab.purchases.resume();
    tab.refuse("busy");
    tab.purchases.resume();
    exhaust(tab, time);
    expect(tab.purchases.current).to.equal(null);
    expect(tab.purchases.outcome).to.deep.include({ kind: "refused" });
  });

  it("leaves an old purchase alone until its buyer says go", () => {
    const { tab, storage, time } = setUp();
    tab.purchases.buy(2);
    time.advance(PAGE_LIMITS.pendingFreshMs + 1);
    const back = new Tab(storage, time);
    back.purchases.resume();
    expect(back.sent).to.deep.equal([]);
    expect(back.purchases.current?.progress.kind).to.equal("asking");
    back.purchases.goAhead();
    expect(back.sent).to.deep.equal(tab.sent);
  });

  it("forgets an old purchase that its buyer gives up", () => {
    const { tab, storage, time } = setUp();
    tab.purchases.buy(2);
    time.advance(PAGE_LIMITS.pendingFreshMs + 1);
    const back = new Tab(storage, time);
    back.purchases.giveUp();
    expect(back.purchases.current).to.equal(null);
    expect(new Tab(storage, time).purchases.current).to.equal(null);
  });

  it("ends with one purchase and one receipt however requests, answers and pages are lost", () => {
    const step = constantFrom("request lost", "answer lost", "reload", "second tab", "busy", "answered");
    assert(
      property(array(step, { maxLength: 24 }), (steps) => {
        const { storage, time, tab } = setUp();
        const sold = new Map<string, ReceiptMessage>();
        const serve = (message: Buy): ReceiptMessage => {
          const known = sold.get(message.id);
          const order = sold.size + 1;
          const made = known ?? receipt({ id: message.id, order, tickets: [{ code: `CODE${order}` }] });
          sold.set(message.id, made);
          return made;
        };
        let current = tab;
        current.purchases.buy(1);
        for (const happens of [...steps, "answered"]) {
          const message = current.sent.at(-1);
          if (happens === "reload") current = new Tab(storage, time);
          if (happens === "second tab") {
            const other = new Tab(storage, time);
            other.purchases.resume();
            for (const sent of other.sent) serve(sent);
          }
          if (message !== undefined && happens === "answer lost") serve(message);
          if (message !== undefined && happens === "busy") {
            // It is tried to the end, or the next loss comes in the middle.
            current.purchases.takeRefusal({ type: "rejected", id: message.id, reason: "busy", message: "" });
            time.advance(60_000);
            if (current.purchases.outcome?.kind === "refused") {
              expect(sold.size).to.equal(0);
              return;
            }
          } else {
            current.purchases.resume();
          }
          // Whoever is asked says go; a page that is opened later than that is asked again.
          current.purchases.goAhead();
          if (happens === "answered") {
            const again = current.sent.at(-1);
            if (again !== undefined) current.purchases.takeReceipt(serve(again));
          }
        }
        expect(sold.size).to.equal(1);
        expect(current.purchases.current).to.equal(null);
        expect(new Tab(storage, time).purchases.receipts.map(({ codes }) => codes)).to.deep.equal([
          ["CODE1"],
        ]);
      }),
    );
  });
});
