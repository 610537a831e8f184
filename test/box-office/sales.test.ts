import { expect } from "chai";
import type { Sale, SaleId } from "../../src/box-office/sale.ts";
import { Sales } from "../../src/box-office/sales.ts";

const GALA = "gala" as SaleId;
const FINAL = "final" as SaleId;

/** What is compared is only which one it is. */
function sale(id: SaleId): Sale {
  return { id } as Sale;
}

describe("box office: sales by name", () => {
  it("gives the one that is asked for, in whatever order they are", () => {
    const sales = new Sales();
    const [gala, final] = [sale(GALA), sale(FINAL)];
    sales.set(GALA, gala).set(FINAL, final);
    for (const [id, one] of [
      [GALA, gala],
      [GALA, gala],
      [FINAL, final],
      [GALA, gala],
    ] as const)
      expect(sales.get(id)).to.equal(one);
  });

  it("has none under a name that nobody gave, before and behind one that there is", () => {
    const sales = new Sales();
    expect(sales.get(GALA)).to.equal(undefined);
    sales.set(FINAL, sale(FINAL));
    expect(sales.get(FINAL)).to.not.equal(undefined);
    expect(sales.get(GALA)).to.equal(undefined);
    expect(sales.get(FINAL)).to.not.equal(undefined);
  });

  it("gives the newest of a name, also where the one before was asked for last", () => {
    const sales = new Sales();
    sales.set(GALA, sale(GALA));
    expect(sales.get(GALA)).to.not.equal(undefined);
    const newer = sale(GALA);
    sales.set(GALA, newer);
    expect(sales.get(GALA)).to.equal(newer);
  });
});
