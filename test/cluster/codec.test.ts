/** What goes over a link comes out as it went in, wherever the stream cuts it; what nobody sent is a fault. */
import { expect } from "chai";
import fc from "fast-check";
import type { Answer } from "../../src/box-office/answer.ts";
import type { Command } from "../../src/box-office/command.ts";
import type { SaleEvent } from "../../src/box-office/event.ts";
import type { BuyerId, PurchaseKey, SaleId, SaleView, TicketCode } from "../../src/box-office/sale.ts";
import { answerOfRow, answerRow, commandOfRow, commandRow, rowsOf } from "../../src/cluster/command-codec.ts";
import { frameOf, FrameKind, FrameReader } from "../../src/cluster/framing.ts";
import { LinkFault } from "../../src/cluster/link-fault.ts";
import { readNote } from "../../src/cluster/notes.ts";
import {
  encodePublication,
  publicationOf,
  readTurn,
  turnFrame,
  type Publication,
} from "../../src/cluster/turn-codec.ts";

const MAX_BYTES = 4096;
const HEADER = 5;

const word = fc.string({ unit: "binary", maxLength: 20 });
const count = fc.nat();
const offset = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const sale = word.map((text) => text as SaleId);
const codes = fc.array(
  word.map((text) => text as TicketCode),
  { maxLength: 4 },
);
const position = fc.record({ epoch: count, offset });
const instantOrNone = fc.option(offset);

const purchase = fc.record({
  type: fc.constant("buy" as const),
  items: fc.array(fc.record({ sale, quantity: fc.integer(), codes }), { maxLength: 3 }),
  buyer: word.map((text) => text as BuyerId),
  key: word.map((text) => text as PurchaseKey),
  fresh: fc.boolean(),
});
const command: fc.Arbitrary<Command> = fc.oneof(
  purchase,
  fc.record({ type: fc.constantFrom("query", "audit", "open", "pause", "close"), sale }),
  fc.record({ type: fc.constant("restock" as const), sale, quantity: fc.integer() }),
  fc.record({
    type: fc.constant("create" as const),
    sale,
    title: word,
    capacity: fc.integer(),
    opensAt: instantOrNone,
    closesAt: instantOrNone,
  }),
);
const view: fc.Arbitrary<SaleView> = fc.record({
  sale,
  title: word,
  state: fc.constantFrom("scheduled", "open", "sold_out", "paused", "closed"),
  capacity: count,
  available: count,
  held: fc.constant(0),
  sold: count,
  position,
  at: offset,
  opensAt: instantOrNone,
  closesAt: instantOrNone,
});
const audit = fc.record({
  sale,
  capacity: count,
  available: count,
  held: count,
  sold: count,
  tickets: count,
  balanced: fc.boolean(),
  digest: word,
  offset,
});
const answer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({
    kind: fc.constant("receipt" as const),
    items: fc.array(fc.record({ sale, order: count, remaining: count, codes }), { maxLength: 3 }),
    position,
    at: offset,
    repeated: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("rejected" as const),
    rejection: fc.oneof(
      fc.record({ reason: fc.constantFrom("sold_out", "busy", "paused", "unknown_sale") }),
      fc.record({ reason: fc.constant("insufficient_stock" as const), remaining: count }),
      fc.record({ reason: fc.constant("not_open" as const), opensInMs: count }),
    ),
  }),
  fc.record({ kind: fc.constant("stock" as const), view }),
  fc.record({ kind: fc.constant("audit" as const), audit }),
);
const event: fc.Arbitrary<SaleEvent> = fc.oneof(
  fc.record({
    v: fc.constant(1 as const),
    type: fc.constantFrom("sold_out", "opened", "paused"),
    sale,
    at: offset,
  }),
  fc.record({
    v: fc.constant(1 as const),
    type: fc.constant("restocked" as const),
    sale,
    quantity: count,
    at: offset,
  }),
);
const publication: fc.Arbitrary<Publication> = fc.record({
  epoch: count,
  views: fc.array(view, { maxLength: 3 }),
  events: fc.array(fc.record({ offset, event }), { maxLength: 3 }),
});

describe("commands and answers over a link", () => {
  it("any command comes out as it went in, with its number and its sender", () => {
    fc.assert(
      fc.property(count, command, fc.boolean(), (number, command, organiser) => {
        const [row] = rowsOf(JSON.stringify([commandRow(number, command, organiser)]));
        expect(commandOfRow(row)).to.deep.equal({ number, organiser, command });
      }),
    );
  });

  it("a purchase that doesn't say that its key is fresh isn't", () => {
    const items = [{ sale: "default" as SaleId, quantity: 1, codes: [] }];
    const command = { type: "buy", items, buyer: "ana" as BuyerId, key: "k" as PurchaseKey } as const;
    expect(commandOfRow(commandRow(1, command, false)).command).to.deep.equal({ ...command, fresh: false });
  });

  it("any answer comes out as it went in, with its number", () => {
    fc.assert(
      fc.property(count, answer, (number, answer) => {
        const [row] = rowsOf(JSON.stringify([answerRow(number, answer)]));
        expect(answerOfRow(row)).to.deep.equal({ number, answer });
      }),
    );
  });

  it("a turn comes out as it went in, with nothing published, nothing answered, or both", () => {
    const answers = fc.array(fc.record({ number: count, answer }), { maxLength: 4 });
    fc.assert(
      fc.property(fc.option(publication), answers, (publication, answers) => {
        const rows = answers.map(({ number, answer }) => answerRow(number, answer));
        const frame = turnFrame(encodePublication(publication), rows);
        expect(readTurn(frame.subarray(HEADER))).to.deep.equal({ publication, answers });
      }),
    );
  });

  it("whatever else stands where a row belongs is a fault of the link, and no other", () => {
    const rubbish = fc.oneof(
      fc.jsonValue(),
      fc.array(fc.oneof(fc.jsonValue(), fc.constantFrom("b", "q", "o", "r", "x", "s", "a"))),
    );
    fc.assert(
      fc.property(rubbish, (row) => {
        for (const read of [commandOfRow, answerOfRow]) {
          try {
            read(row);
          } catch (cause) {
            expect(cause).to.be.instanceOf(LinkFault);
          }
        }
      }),
    );
  });

  for (const [what, row] of [
    ["no array", {}],
    ["no number", ["1", "q", 0, "gala"]],
    ["a number that isn't whole", [1.5, "q", 0, "gala"]],
    ["an unknown kind", [1, "z", 0, "gala"]],
    ["a query without its sale", [1, "q", 0]],
    ["a purchase without its codes", [1, "b", 0, "ana", "k1", "gala", 1]],
    ["a purchase with codes that are no texts", [1, "b", 0, "ana", "k1", "gala", 1, [7]]],
    ["a purchase of a text of tickets", [1, "b", 0, "ana", "k1", "gala", "1", ["C"]]],
    ["a deed of the organiser that doesn't exist", [1, "o", 1, { type: "burn", sale: "gala" }]],
    ["a restock of nothing at all", [1, "o", 1, { type: "restock", sale: "gala" }]],
    [
      "a sale without a title",
      [1, "o", 1, { type: "create", sale: "gala", capacity: 1, opensAt: null, closesAt: null }],
    ],
  ] as const) {
    it(`takes no command with ${what}`, () => {
      expect(() => commandOfRow(row)).to.throw(LinkFault);
    });
  }

  for (const [what, row] of [
    ["no kind", [1]],
    ["a receipt without its order", [1, "r", 0, 1, 2, 3, "gala"]],
    ["a rejection without a reason", [1, "x", {}]],
    ["a view without a position", [1, "s", { sale: "gala", available: 1 }]],
  ] as const) {
    it(`takes no answer with ${what}`, () => {
      expect(() => answerOfRow(row)).to.throw(LinkFault);
    });
  }

  it("takes no turn that is shorter than it says, and none that publishes something else", () => {
    const frame = turnFrame(encodePublication({ epoch: 1, views: [], events: [] }), []).subarray(HEADER);
    expect(() => readTurn(frame.subarray(0, -1))).to.throw(LinkFault);
    expect(() => readTurn(frame.subarray(0, 3))).to.throw(LinkFault);
    expect(() => readTurn(turnFrame(Buffer.from('{"epoch":1}'), []).subarray(HEADER))).to.throw(LinkFault);
    expect(() => readTurn(turnFrame(Buffer.from("{"), []).subarray(HEADER))).to.throw(LinkFault);
  });

  it("takes no note without a type", () => {
    for (const json of ["", "{", "null", "[]", "7", "{}", '{"type":7}']) {
      expect(() => readNote(json), json).to.throw(LinkFault);
    }
  });
});

describe("several batches published as one", () => {
  const gala = "gala" as SaleId;
  const viewAt = (available: number): SaleView => ({
    ...fc.sample(view, { numRuns: 1, seed: 1 })[0]!,
    sale: gala,
    available,
  });
  const soldOut = { v: 1, type: "sold_out", sale: gala, at: 5 } as const;
  const bought = {
    v: 1,
    type: "purchased",
    buyer: "ana" as BuyerId,
    key: "k" as PurchaseKey,
    items: [],
    at: 5,
  } as const;

  it("hold the newest view of each sale, and each event but the purchases at its own offset", () => {
    const published = publicationOf([
      { epoch: 3, offset: 10, events: [bought, bought], views: [viewAt(1)] },
      { epoch: 3, offset: 12, events: [bought, soldOut], views: [viewAt(0)] },
    ]);
    expect(published).to.deep.equal({
      epoch: 3,
      views: [viewAt(0)],
      events: [{ offset: 13, event: soldOut }],
    });
  });

  it("of none make none", () => {
    expect(publicationOf([])).to.equal(null);
    expect(encodePublication(null)).to.have.length(0);
  });
});

describe("frames", () => {
  const kinds = fc.constantFrom(...Object.values(FrameKind));
  const frames = fc.array(fc.record({ kind: kinds, text: fc.string({ unit: "binary", maxLength: 200 }) }), {
    minLength: 1,
    maxLength: 10,
  });

  it("come out whole and in order, wherever the stream is cut", () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(300), { maxLength: 30 }), (frames, cuts) => {
        const stream = Buffer.concat(frames.map(({ kind, text }) => frameOf(kind, text)));
        const heard: { kind: FrameKind; text: string }[] = [];
        const reader = new FrameReader(MAX_BYTES, (kind, body) =>
          heard.push({ kind, text: body.toString() }),
        );
        let at = 0;
        for (const size of [...cuts, stream.length]) {
          reader.push(stream.subarray(at, at + size));
          at = Math.min(stream.length, at + size);
        }
        expect(heard).to.deep.equal(frames);
      }),
    );
  });

  it("come out of a stream of single bytes", () => {
    const heard: string[] = [];
    const reader = new FrameReader(MAX_BYTES, (_kind, body) => heard.push(body.toString()));
    for (const byte of Buffer.concat([frameOf(FrameKind.note, "um"), frameOf(FrameKind.note, "dois")])) {
      reader.push(Buffer.from([byte]));
    }
    expect(heard).to.deep.equal(["um", "dois"]);
  });

  it("may be as long as the bound, and not a byte longer", () => {
    const heard: number[] = [];
    const reader = new FrameReader(100, (_kind, body) => heard.push(body.length));
    reader.push(frameOf(FrameKind.note, "x".repeat(100)));
    expect(heard).to.deep.equal([100]);
    expect(() => reader.push(frameOf(FrameKind.note, "x".repeat(101)))).to.throw(LinkFault, /101|102/);
  });

  it("of no length or of an unknown kind are refused as soon as their header is there", () => {
    const reading = (bytes: readonly number[]) => () =>
      new FrameReader(MAX_BYTES, () => {}).push(Buffer.from(bytes));
    expect(reading([0, 0, 0, 0, FrameKind.note])).to.throw(LinkFault);
    expect(reading([2, 0, 0, 0, 99])).to.throw(LinkFault);
    expect(reading([255, 255, 255, 255, FrameKind.note])).to.throw(LinkFault);
  });

  it("of rubbish are faults or nothing, never something else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const reader = new FrameReader(MAX_BYTES, (_kind, body) => void readTurn(body));
        try {
          reader.push(Buffer.from(bytes));
        } catch (cause) {
          expect(cause).to.be.instanceOf(LinkFault);
        }
      }),
    );
  });
});
