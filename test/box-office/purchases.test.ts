import { expect } from "chai";
import * as fc from "fast-check";
import { Purchases, type Purchase } from "../../src/box-office/purchases.ts";
import type { BuyerId, PurchaseKey, SaleId, TicketCode } from "../../src/box-office/sale.ts";
import { FINAL, freshCode, freshCodes, GALA } from "../support/commands.ts";

const ANA = "ana" as BuyerId;
const KEY = "one" as PurchaseKey;

function purchase(sales: readonly SaleId[]): Purchase {
  const items = sales.map((sale) => ({ sale, order: 1, remaining: 0, codes: freshCodes(2) }));
  return { buyer: ANA, key: KEY, at: 1, epoch: 1, offset: 0, items };
}

describe("box office: what is remembered of purchases", () => {
  it("is found under each of its sales, by buyer and key together", () => {
    const purchases = new Purchases();
    const both = purchase([GALA, FINAL]);
    purchases.add(both, both.epoch, both.offset);
    for (const sale of [GALA, FINAL]) expect(purchases.find(sale, ANA, KEY)).to.deep.equal(both);
    expect(purchases.find(GALA, "rui" as BuyerId, KEY)).to.equal(undefined);
    expect(purchases.find(GALA, ANA, "two" as PurchaseKey)).to.equal(undefined);
    expect(purchases.find("other" as SaleId, ANA, KEY)).to.equal(undefined);
  });

  it("has every code that was given, and no other", () => {
    const purchases = new Purchases();
    const both = purchase([GALA, FINAL]);
    purchases.add(both, both.epoch, both.offset);
    const codes = both.items.flatMap(({ codes }) => codes);
    expect(codes).to.have.length(4);
    for (const code of codes) expect(purchases.hasCode(code)).to.equal(true);
    expect(purchases.hasCode(freshCode())).to.equal(false);
  });

  it("has the same codes, however many were announced and whether they are asked for", () => {
    const purchases = new Purchases();
    const many = Array.from({ length: 700 }, () => freshCode());
    for (let round = 0; round < 3; round++) {
      for (const code of many) purchases.expectCode(code);
      purchases.prefetch();
      for (const code of many) expect(purchases.hasCode(code)).to.equal(round > 0);
      if (round > 0) continue;
      const one = purchase([GALA]);
      for (const code of many) purchases.add({ ...one, items: [{ ...one.items[0]!, codes: [code] }] }, 1, 0);
    }
    expect(purchases.hasCode(freshCode())).to.equal(false);
  });

  it("is listed by sale in the order of arrival", () => {
    const purchases = new Purchases();
    const [first, second] = [purchase([GALA]), purchase([GALA, FINAL])];
    expect([...purchases.ofSale(GALA)]).to.deep.equal([]);
    purchases.add(first, first.epoch, first.offset);
    purchases.add(second, second.epoch, second.offset);
    expect([...purchases.ofSale(GALA)]).to.deep.equal([first, second]);
    expect([...purchases.ofSale(FINAL)]).to.deep.equal([second]);
  });

  it("is read back as it was given, whatever characters it is made of", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 70 }).filter((text) => !text.includes("\n"));
    const word = fc.stringMatching(/^[A-Z0-9]{1,14}$/);
    const some = fc.record({
      buyer: text,
      key: text,
      at: fc.nat({ max: 2 ** 53 - 1 }),
      epoch: fc.nat({ max: 2 ** 31 }),
      offset: fc.nat({ max: 2 ** 53 - 1 }),
      items: fc.uniqueArray(
        fc.record({
          sale: fc.constantFrom("a", "b", "c"),
          order: fc.nat({ max: 100_000_000 }),
          remaining: fc.nat({ max: 100_000_000 }),
          codes: fc.array(word, { minLength: 1, maxLength: 10 }),
        }),
        { minLength: 1, selector: ({ sale }) => sale },
      ),
    }) as unknown as fc.Arbitrary<Purchase>;
    fc.assert(
      fc.property(fc.uniqueArray(some, { maxLength: 40, selector: scopeOf }), (all) => {
        const purchases = new Purchases();
        for (const one of all) purchases.add(one, one.epoch, one.offset);
        for (const one of all) {
          for (const { sale } of one.items) {
            expect(purchases.find(sale, one.buyer, one.key)).to.deep.equal(one);
          }
        }
        for (const sale of ["a", "b", "c"] as SaleId[]) {
          const mine = all.filter(({ items }) => items.some((item) => item.sale === sale));
          expect([...purchases.ofSale(sale)]).to.deep.equal(mine);
        }
      }),
    );
  });

  it("takes little memory where thousands of sales sell a few tickets each", () => {
    const purchases = new Purchases();
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 5_000; i++) {
      const one = purchase([`sale-${i}` as SaleId]);
      purchases.add(one, one.epoch, one.offset);
    }
    const bytes = process.memoryUsage().arrayBuffers - before;
    // Two tickets each.
    expect(bytes).to.be.below(10_000 * 400);
    expect([...purchases.ofSale("sale-4999" as SaleId)]).to.have.length(1);
  });

  it("is found among two hundred thousand", () => {
    const { purchases, many } = twoHundredThousand();
    for (let i = 0; i < many.length; i += 101) {
      const { buyer, key } = many[i]!;
      expect(purchases.find(GALA, buyer, key)?.offset).to.equal(i);
      expect(purchases.hasCode(codeOf(i))).to.equal(true);
    }
  });

  it("isn't taken for another whose hash is the same", () => {
    // Of so many pairs three to thirteen had the same 32 bits, with each random number that was tried.
    const { purchases, many } = twoHundredThousand();
    const codes = many.filter((_, i) => purchases.hasCode(codeOf(many.length + i)));
    expect(codes).to.deep.equal([]);
    const keys = many.filter(({ buyer, key }) => purchases.find(GALA, buyer, `${key}x` as PurchaseKey));
    expect(keys).to.deep.equal([]);
  });
});

function twoHundredThousand(): { readonly purchases: Purchases; readonly many: readonly Purchase[] } {
  const purchases = new Purchases();
  const many = Array.from({ length: 200_000 }, (_, i) => ({
    buyer: `b${i % 977}` as BuyerId,
    key: `k${i}` as PurchaseKey,
    at: i,
    epoch: 1,
    offset: i,
    items: [{ sale: GALA, order: i + 1, remaining: 0, codes: [codeOf(i)] }],
  }));
  for (const one of many) purchases.add(one, one.epoch, one.offset);
  return { purchases, many };
}

/** As long as a real one. */
function codeOf(i: number): TicketCode {
  return `COD-${i}-${i * 7}` as TicketCode;
}

function scopeOf({ buyer, key }: Purchase): string {
  return `${buyer}\n${key}`;
}
