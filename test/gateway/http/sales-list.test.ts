import { expect } from "chai";
import * as fc from "fast-check";
import type { SaleId, SaleView } from "../../../src/box-office/sale.ts";
import { saleBody } from "../../../src/gateway/http/http-exchange.ts";
import { SalesList } from "../../../src/gateway/http/sales-list.ts";

function viewOf(sale: number, available: number): SaleView {
  return {
    sale: `venda-${sale}` as SaleId,
    title: 'Show "ao vivo" — é hoje',
    state: available === 0 ? "sold_out" : "open",
    capacity: 5,
    available,
    held: 0,
    sold: 5 - available,
    position: { epoch: 1, offset: available },
    at: 1,
    opensAt: null,
    closesAt: null,
  };
}

describe("gateway: the list of every sale", () => {
  it("says what each view says, however they change and become more between two who ask", () => {
    const change = fc.record({ sale: fc.nat(6), available: fc.nat(5) });
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 8 }), (rounds) => {
        const list = new SalesList();
        const views = new Map<number, SaleView>();
        for (const round of rounds) {
          for (const { sale, available } of round) views.set(sale, viewOf(sale, available));
          const said = list.bytes(views.values()).toString();
          expect(said).to.equal(JSON.stringify([...views.values()].map(saleBody)));
        }
      }),
    );
  });

  it("says so too where it is kept in pieces: for any change in any of hundreds, and while they become more", () => {
    const change = fc.record({ sale: fc.nat(320), available: fc.nat(5) });
    const list = new SalesList();
    const views = new Map<number, SaleView>();
    for (let sale = 0; sale < 95; sale++) views.set(sale, viewOf(sale, 5));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
        for (const { sale, available } of changes) views.set(sale, viewOf(sale, available));
        const said = list.bytes(views.values()).toString();
        expect(said).to.equal(JSON.stringify([...views.values()].map(saleBody)));
      }),
      { numRuns: 300, endOnFailure: true },
    );
    expect(views.size).to.be.above(200);
  });

  it("gives the same bytes to all who ask while nothing changes", () => {
    const list = new SalesList();
    const views = [viewOf(1, 5), viewOf(2, 3)];
    const bytes = list.bytes(views);
    expect(list.bytes(views)).to.equal(bytes);
    expect(list.bytes([views[0]!, viewOf(2, 2)])).to.not.equal(bytes);
  });
});
