import { expect } from "chai";
import * as fc from "fast-check";
import type { Purchased, SaleEvent } from "../../src/box-office/event.ts";
import type { SaleId } from "../../src/box-office/sale.ts";
import { NO_ROOM, writeEvents } from "../../src/journal/event-json.ts";
import { purchased } from "./events.ts";

/** Whatever a text may be made of, also what no gateway lets through: quotes, controls, halves of pairs. */
const text = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9_.:-]{0,80}$/),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom('"', "\\", "\u0000", "\u001f", "\u007f", "é", "\u2028", "\ud800", "🎭", ""),
);
const number = fc.oneof(
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  fc.constantFrom(0, -0, 1.5, 1e21, 1e-7, -1, Number.NaN, Number.POSITIVE_INFINITY),
);
const item = fc.record({
  sale: text,
  order: number,
  remaining: number,
  codes: fc.array(text, { maxLength: 3 }),
});
const purchase = fc.record({
  type: fc.constant("purchased"),
  v: fc.constantFrom(1, 2),
  at: number,
  buyer: text,
  key: text,
  items: fc.array(item, { maxLength: 3 }),
});
const soldOut = fc.record({ type: fc.constant("sold_out"), v: fc.constant(1), at: number, sale: text });
const events = fc.array(fc.oneof({ weight: 4, arbitrary: purchase }, soldOut), {
  minLength: 1,
  maxLength: 5,
}) as unknown as fc.Arbitrary<SaleEvent[]>;

describe("journal: the JSON of events", () => {
  it("is what JSON.stringify writes, whatever the events hold", () => {
    fc.assert(
      fc.property(events, fc.nat({ max: 5 }), (events, cut) => {
        expect(eventsJson(events, cut)).to.equal(JSON.stringify(events));
      }),
      { numRuns: 1_000 },
    );
  });

  it("is the same for purchases of every shape", () => {
    const plain = purchased(1) as Purchased;
    const [item] = plain.items as [Purchased["items"][0]];
    const shapes: Purchased[] = [
      plain,
      { ...plain, items: [] },
      { ...plain, items: [item, { ...item, order: 2 }] },
      ...[[], ["a"], ["a", "b"], ["a", "é"]].map((codes) => ({
        ...plain,
        items: [{ ...item, codes: codes as unknown as typeof item.codes }],
      })),
      ...[
        { order: Number.NaN },
        { remaining: Number.POSITIVE_INFINITY },
        { sale: '"' as typeof item.sale },
      ].map((odd) => ({ ...plain, items: [{ ...item, ...odd }] })),
      { ...plain, at: Number.NaN },
      { ...plain, v: 2 as 1 },
      { ...plain, buyer: "\\" as typeof plain.buyer },
      { ...plain, key: "\n" as typeof plain.key },
    ];
    for (const shape of shapes) {
      expect(eventsJson([shape], 0)).to.equal(JSON.stringify([shape]));
    }
    expect(eventsJson(shapes, 3)).to.equal(JSON.stringify(shapes));
  });

  it("never goes beyond its end, and fits wherever it has as many bytes as it takes", () => {
    fc.assert(fc.property(events, fc.nat(400), (events, room) => expectFit(events, room)));
  });

  it("fits or not at each number of bytes", () => {
    const soldOut: SaleEvent = { type: "sold_out", v: 1, at: 1, sale: "default" as SaleId };
    for (const events of [[purchased(1)], [soldOut], [purchased(1), soldOut], [soldOut, purchased(1)]]) {
      const most = JSON.stringify(events).length + 200;
      for (let room = 0; room <= most; room++) expectFit(events, room);
    }
  });
});

function expectFit(events: readonly SaleEvent[], room: number): void {
  const json = Buffer.from(JSON.stringify(events));
  const bytes = Buffer.alloc(room + 40, 0xff);
  const end = writeEvents(bytes, 20, 20 + room, events, 0);
  // The last bracket is the caller's, who is left a byte for it.
  expect(end).to.equal(json.length <= room ? 20 + json.length - 1 : NO_ROOM);
  if (end !== NO_ROOM) expect(bytes.subarray(20, end)).to.deep.equal(json.subarray(0, -1));
  for (const at of [19, 20 + room, room + 39]) expect(bytes[at]).to.equal(0xff);
}

/** @param cut how many of them are written first. */
function eventsJson(events: readonly SaleEvent[], cut: number): string {
  const bytes = Buffer.alloc(16_384);
  const most = bytes.length - 1;
  const first = events.slice(0, cut);
  const end = writeEvents(bytes, writeEvents(bytes, 0, most, first, 0), most, events, first.length);
  return `${bytes.toString("utf8", 0, end)}]`;
}
