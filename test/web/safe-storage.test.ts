import { expect } from "chai";
import { PurchaseStore } from "../../web/purchase-store.ts";
import { SafeStorage } from "../../web/safe-storage.ts";
import { MapStorage } from "./fakes.ts";

const pending = { key: "k", sale: "show", buyer: "b", quantity: 1, madeAt: 1 };

describe("the page's storage", () => {
  it("uses the browser's", () => {
    const browser = new MapStorage();
    const storage = new SafeStorage(() => browser);
    new PurchaseStore(storage, "show").savePending(pending);
    expect(browser.length).to.equal(1);
    expect(storage.durable).to.equal(true);
  });

  it("keeps things in memory where the browser refuses to give any", () => {
    const storage = new SafeStorage(() => {
      throw new Error("SecurityError");
    });
    const store = new PurchaseStore(storage, "show");
    store.savePending(pending);
    expect(store.pendings()).to.deep.equal([pending]);
    store.dropPending("k");
    expect(store.pendings()).to.deep.equal([]);
    expect(storage.durable).to.equal(false);
  });

  it("keeps in memory what no longer fits, beside what did", () => {
    const browser = new MapStorage();
    const storage = new SafeStorage(() => browser);
    const store = new PurchaseStore(storage, "show");
    store.savePending(pending);
    browser.setItem = () => {
      throw new Error("QuotaExceededError");
    };
    store.savePending({ ...pending, key: "k2", madeAt: 2 });
    expect(store.pendings().map(({ key }) => key)).to.deep.equal(["k", "k2"]);
    expect(storage.durable).to.equal(false);
  });

  it("passes over what something else wrote under its names", () => {
    const browser = new MapStorage();
    const store = new PurchaseStore(browser, "show");
    store.savePending(pending);
    for (const text of ["", "{", "7", "null"]) {
      browser.setItem(`bilheteria:sale:show:pending:${text}x`, text);
    }
    expect(store.pendings()).to.deep.equal([pending]);
  });
});
