import { expect } from "chai";
import type { NoticeMessage } from "../../src/protocol/messages.ts";
import { LiveSale } from "../../web/live-sale.ts";
import { hello, receipt, stock } from "./fakes.ts";

function notice(offset: number, epoch = 1): NoticeMessage {
  return { type: "notice", kind: "sold_out", sale: "show", position: { epoch, offset }, at: 0 };
}

describe("the page's view of the sale", () => {
  it("ignores stock that is older than what is shown", () => {
    const sale = new LiveSale();
    expect(sale.takeStock(stock({ available: 4, position: { epoch: 1, offset: 6 } }))).to.equal(true);
    expect(sale.takeStock(stock({ available: 5, position: { epoch: 1, offset: 5 } }))).to.equal(false);
    expect(sale.stock!.available).to.equal(4);
  });

  it("takes the state of a new epoch, whatever its offset", () => {
    const sale = new LiveSale();
    sale.takeStock(stock({ available: 4, position: { epoch: 9, offset: 600 } }));
    expect(sale.takeStock(stock({ available: 10, position: { epoch: 3, offset: 0 } }))).to.equal(true);
    expect(sale.stock!.available).to.equal(10);
    expect(sale.resumeFrom).to.deep.equal({ epoch: 3, offset: 0 });
  });

  it("learns the stock from its own receipt, sold out included", () => {
    const sale = new LiveSale();
    sale.takeStock(stock({ available: 2, sold: 8, position: { epoch: 1, offset: 8 } }));
    sale.takeReceipt(receipt({ remaining: 1, position: { epoch: 1, offset: 9 } }));
    expect(sale.stock).to.include({ available: 1, sold: 9, state: "open" });
    sale.takeReceipt(receipt({ remaining: 0, position: { epoch: 1, offset: 10 } }));
    expect(sale.stock).to.include({ available: 0, sold: 10, state: "sold_out" });
  });

  it("doesn't go back to what a repeated receipt says was left", () => {
    const sale = new LiveSale();
    sale.takeStock(stock({ available: 2, position: { epoch: 4, offset: 30 } }));
    expect(sale.takeReceipt(receipt({ remaining: 9, position: { epoch: 4, offset: 1 } }))).to.equal(false);
    expect(sale.takeReceipt(receipt({ remaining: 9, position: { epoch: 3, offset: 99 } }))).to.equal(false);
    expect(sale.stock!.available).to.equal(2);
  });

  it("tells receipts of a sale that is no more by their journal, or by how far that goes", () => {
    const sale = new LiveSale();
    const position = { epoch: 1, offset: 5 };
    expect(sale.isOutdated({ journal: "other", position })).to.equal(false);
    sale.hello = hello();
    sale.takeStock(stock({ position: { epoch: 2, offset: 9 } }));
    expect(sale.isOutdated({ journal: "j", position })).to.equal(false);
    expect(sale.isOutdated({ position })).to.equal(false);
    expect(sale.isOutdated({ journal: "other", position })).to.equal(true);
    expect(sale.isOutdated({ journal: "j", position: { epoch: 1, offset: 10 } })).to.equal(true);
    expect(sale.isOutdated({ position: { epoch: 1, offset: 10 } })).to.equal(true);
  });

  it("asks for nothing missed on the first visit", () => {
    expect(new LiveSale().resumeFrom).to.equal(undefined);
  });

  it("resumes from the last notice, not from the stock that came before one that was lost", () => {
    const sale = new LiveSale();
    sale.takeStock(stock({ position: { epoch: 1, offset: 2 } }));
    sale.takeNotice(notice(5));
    sale.takeStock(stock({ available: 0, state: "sold_out", position: { epoch: 1, offset: 12 } }));
    expect(sale.resumeFrom).to.deep.equal({ epoch: 1, offset: 5 });
  });

  it("hears each notice once, also when a missed one comes after a newer", () => {
    const sale = new LiveSale();
    sale.takeStock(stock({ position: { epoch: 1, offset: 2 } }));
    const heard = [notice(9), notice(5), notice(9), notice(5), notice(7)].map((each) =>
      sale.takeNotice(each),
    );
    expect(heard).to.deep.equal([true, true, false, false, true]);
    expect(sale.resumeFrom).to.deep.equal({ epoch: 1, offset: 9 });
  });

  it("hears the notice of a new epoch though its offset was heard before", () => {
    const sale = new LiveSale();
    expect(sale.takeNotice(notice(5, 1))).to.equal(true);
    expect(sale.takeNotice(notice(5, 2))).to.equal(true);
    expect(sale.resumeFrom).to.deep.equal({ epoch: 2, offset: 5 });
  });
});
