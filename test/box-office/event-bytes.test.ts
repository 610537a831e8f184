import { expect } from "chai";
import * as fc from "fast-check";
import { eventBytes, type SaleEvent } from "../../src/box-office/event.ts";

const sale = fc.stringMatching(/^[a-z0-9-]{1,64}$/);
const key = fc.stringMatching(/^[A-Za-z0-9_.-]{1,80}$/);
const buyer = fc.oneof(fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), fc.ipV4().map(ip), fc.ipV6().map(ip));
const instant = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const count = fc.integer({ min: 0, max: 100_000_000 });
const codes = fc.array(fc.stringMatching(/^[34679CDFGHJKMNPQRTVWXY]{12}$/), { maxLength: 10 });
/** Letters of every plane, halves of pairs, quotes, controls: whatever a title may be made of. */
const title = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.string({ unit: "grapheme", maxLength: 200 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 200 })
    .map((units) => String.fromCharCode(...units)),
  fc.constantFrom("\u0001", "\ud800", "\\", '"', "\u2028", "🎭", "\ufeff").map((unit) => unit.repeat(200)),
);

const event = fc.oneof(
  fc.record({
    type: fc.constant("purchased"),
    v: fc.constant(1),
    at: instant,
    buyer,
    key,
    items: fc.array(fc.record({ sale, order: count, remaining: count, codes }), { maxLength: 8 }),
  }),
  fc.record({
    type: fc.constant("sale_created"),
    v: fc.constant(1),
    at: instant,
    sale,
    title,
    capacity: count,
    phase: fc.constantFrom("scheduled", "open", "paused", "closed"),
    opensAt: fc.option(instant),
    closesAt: fc.option(instant),
  }),
  fc.record({ type: fc.constant("restocked"), v: fc.constant(1), at: instant, sale, quantity: count }),
  fc.record({
    type: fc.constantFrom("sold_out", "opened", "paused", "closed"),
    v: fc.constant(1),
    at: instant,
    sale,
  }),
) as unknown as fc.Arbitrary<SaleEvent>;

describe("box office: the bytes of an event", () => {
  it("are never more than was said, with the comma that parts it from the next", () => {
    fc.assert(
      fc.property(event, (event) => {
        expect(Buffer.byteLength(JSON.stringify(event)) + 1).to.be.at.most(eventBytes(event));
      }),
      { numRuns: 1_000 },
    );
  });
});

function ip(address: string): string {
  return `ip:${address}`;
}
