import { expect } from "chai";
import * as fc from "fast-check";
import { auditSale, createBoxOffice, evolve } from "../../src/box-office/box-office.ts";
import { formatDigest, hashTicket } from "../../src/box-office/digest.ts";
import type { Purchased } from "../../src/box-office/event.ts";
import type { BuyerId, PurchaseKey, SaleId, TicketCode } from "../../src/box-office/sale.ts";
import { GALA } from "../support/commands.ts";

interface Sold {
  readonly order: number;
  readonly codes: readonly string[];
}

const code = fc.stringMatching(/^[34679CDFGHJKMNPQRTVWXY]{12}$/);

const sold = fc
  .uniqueArray(code, { minLength: 1, maxLength: 30 })
  .chain((codes) =>
    fc
      .array(fc.integer({ min: 1, max: 4 }), { minLength: codes.length, maxLength: codes.length })
      .map((sizes) => cut(codes, sizes)),
  );

describe("box office: the digest", () => {
  it("doesn't depend on the order of purchases or tickets, nor on the epoch", () => {
    const shuffled = sold.chain((purchases) =>
      fc.tuple(
        fc.constant(purchases),
        fc.shuffledSubarray(purchases, { minLength: purchases.length }),
        fc.integer({ min: 1, max: 2 ** 31 }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([purchases, others, epoch]) => {
        const backwards = others.map(({ order, codes }) => ({ order, codes: codes.toReversed() }));
        expect(digestOf(backwards, epoch)).to.equal(digestOf(purchases, 1));
      }),
    );
  });

  it("is the sum of the tickets' hashes modulo 2^64", () => {
    fc.assert(
      fc.property(sold, (purchases) => {
        let sum = 0n;
        for (const { order, codes } of purchases) {
          for (const code of codes) {
            const { high, low } = hashTicket(GALA, order, code);
            sum += (BigInt(high) << 32n) + BigInt(low);
          }
        }
        expect(digestOf(purchases, 1)).to.equal(BigInt.asUintN(64, sum).toString(16).padStart(16, "0"));
      }),
    );
  });

  it("changes when one ticket is missing, changed, given to another order or counted for another sale", () => {
    fc.assert(
      fc.property(sold, code, (purchases, other) => {
        const [first, ...rest] = purchases;
        fc.pre(first !== undefined && !purchases.some(({ codes }) => codes.includes(other)));
        const { order, codes } = first;
        const variants = [
          [...rest, { order, codes: codes.slice(1) }],
          [...rest, { order, codes: [other, ...codes.slice(1)] }],
          [...rest, { order: order + 1_000, codes }],
        ];
        const digest = digestOf(purchases, 1);
        for (const variant of variants) expect(digestOf(variant, 1)).to.not.equal(digest);
        expect(digestOf(purchases, 1, "final" as SaleId)).to.not.equal(digest);
      }),
    );
  });

  it("gives no two of a hundred thousand tickets the same hash", () => {
    const seen = new Set<string>();
    for (let order = 1; order <= 100_000; order++) {
      const { high, low } = hashTicket(GALA, order, `C${order % 7}`);
      seen.add(formatDigest(high, low));
    }
    expect(seen.size).to.equal(100_000);
  });

  it("is written with sixteen hexadecimal digits", () => {
    expect(formatDigest(0, 0)).to.equal("0".repeat(16));
    expect(formatDigest(-1, 255)).to.equal("ffffffff000000ff");
  });
});

function cut(codes: readonly string[], sizes: readonly number[]): Sold[] {
  const purchases: Sold[] = [];
  for (let from = 0, order = 1; from < codes.length; order++) {
    const size = sizes[order - 1]!;
    purchases.push({ order, codes: codes.slice(from, from + size) });
    from += size;
  }
  return purchases;
}

function digestOf(purchases: readonly Sold[], epoch: number, sale: SaleId = GALA): string {
  const state = createBoxOffice("count");
  const times = { opensAt: null, closesAt: null };
  evolve(
    state,
    { type: "sale_created", v: 1, at: 1, sale, title: "", capacity: 1_000, phase: "open", ...times },
    epoch,
  );
  for (const { order, codes } of purchases) {
    const event: Purchased = {
      type: "purchased",
      v: 1,
      at: 1,
      buyer: "ana" as BuyerId,
      key: `k${order}` as PurchaseKey,
      items: [{ sale, order, remaining: 0, codes: codes as TicketCode[] }],
    };
    evolve(state, event, epoch);
  }
  return auditSale(state.sales.get(sale)!, state.offset).digest;
}
