/**
 * Commands, loop turns, ends of appends, a journal that fills up and a clock that is set back and forth, in any order.
 * Whatever leaves the engine is held against what is durable at that moment.
 */
import { expect } from "chai";
import * as fc from "fast-check";
import { createBoxOffice, evolve, type BoxOffice } from "../../src/box-office/box-office.ts";
import type { Command } from "../../src/box-office/command.ts";
import type { SaleEvent } from "../../src/box-office/event.ts";
import { viewSale } from "../../src/box-office/sale.ts";
import type { Published } from "../../src/engine/ports.ts";
import { buy, buyTogether, change, create, FINAL, GALA, query, restock } from "../support/commands.ts";
import { EngineRoom, type Reply } from "../support/engine-room.ts";
import { knowledgeOf } from "../support/knowledge.ts";
import { ManualJournal } from "../support/manual-journal.ts";

type Action = (room: EngineRoom) => void | Promise<void>;

const sale = fc.constantFrom(GALA, FINAL);

const command: fc.Arbitrary<() => Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({ sale, quantity: fc.constantFrom(1, 1, 2, 3, 11), key: fc.option(fc.constantFrom("a", "b")) })
      .map(
        ({ sale, quantity, key }) =>
          (): Command =>
            buy(sale, quantity, key === null ? {} : { key }),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.constant(() =>
      buyTogether([
        [GALA, 1],
        [FINAL, 2],
      ]),
    ),
  },
  { weight: 2, arbitrary: sale.map((sale) => (): Command => query(sale)) },
);

const organisers: fc.Arbitrary<() => Command> = fc.oneof(
  fc.record({ sale, quantity: fc.integer({ min: 1, max: 4 }) }).map(
    ({ sale, quantity }) =>
      () =>
        restock(sale, quantity),
  ),
  fc.record({ sale, type: fc.constantFrom("open", "open", "pause") }).map(
    ({ sale, type }) =>
      () =>
        change(type, sale),
  ),
);

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 10,
    arbitrary: command.map(
      (make): Action =>
        (room) =>
          void room.submit(make()),
    ),
  },
  {
    weight: 2,
    arbitrary: organisers.map(
      (make): Action =>
        (room) =>
          void room.submit(make(), "organiser"),
    ),
  },
  { weight: 5, arbitrary: fc.constant<Action>((room) => room.time.turn()) },
  {
    weight: 4,
    arbitrary: fc.constant<Action>((room) =>
      room.journal.inFlight === null ? undefined : room.journal.finish(),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 400 }).map(
      (ms): Action =>
        (room) =>
          room.time.advance(ms),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: -500, max: 500 }).map(
      (ms): Action =>
        (room) =>
          room.time.setWallClock(room.time.now() + ms),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((has): Action => (room) => {
      room.journal.room = has;
    }),
  },
);

/** Holds each reply and each publication against the journal. */
class Auditor {
  readonly #room: EngineRoom;
  #replies = 0;
  #publishedUpTo = 0;
  readonly #answeredOffsets = new Set<number>();

  constructor(room: EngineRoom) {
    this.#room = room;
    room.onReply = (reply) => this.#reply(reply);
    room.onPublish = (published) => this.#publish(published);
  }

  get replies(): number {
    return this.#replies;
  }

  #reply({ to, answer }: Reply): void {
    const { durable } = this.#room.journal;
    expect(to, "replies leave in mailbox order, each once").to.equal(this.#replies);
    this.#replies += 1;
    switch (answer.kind) {
      case "receipt": {
        const event = durable[answer.position.offset];
        expect(event, "a receipt is durable").to.include({ type: "purchased" });
        expect(event).to.have.deep.property("items", answer.items);
        this.#answeredOffsets.add(answer.position.offset);
        break;
      }
      case "stock": {
        const { sale, position } = answer.view;
        expect(position.offset, "what a query says is durable").to.be.below(durable.length);
        const then = replay(durable.slice(0, position.offset + 1)).sales.get(sale)!;
        expect(answer.view).to.deep.equal(viewSale(then, this.#room.journal.epoch));
        break;
      }
      case "rejected": {
        const { rejection } = answer;
        const seen = leftOver(durable);
        if (rejection.reason === "sold_out") expect(seen).to.include(0);
        if (rejection.reason === "insufficient_stock") expect(seen).to.include(rejection.remaining);
        if (rejection.reason === "paused") expect(durable.map(({ type }) => type)).to.include("paused");
        break;
      }
      case "audit":
        throw new Error("nobody asked for an audit");
    }
  }

  #publish({ offset, events, views, epoch }: Published): void {
    const { journal, engine } = this.#room;
    expect(offset, "publications follow one another without gaps").to.equal(this.#publishedUpTo);
    this.#publishedUpTo += events.length;
    expect(events).to.deep.equal(journal.durable.slice(offset, offset + events.length));
    const state = replay(journal.durable.slice(0, this.#publishedUpTo));
    for (const view of views) {
      expect(view).to.deep.equal(viewSale(state.sales.get(view.sale)!, epoch));
      expect(engine.view(view.sale)).to.deep.equal(view);
    }
    expect(engine.durableOffset).to.equal(this.#publishedUpTo);
    events.forEach((event, i) => {
      if (event.type !== "purchased") return;
      expect(this.#answeredOffsets.has(offset + i), "a change is told after its buyer").to.equal(true);
    });
  }
}

describe("engine: any interleaving", () => {
  it("answers in order what is durable, tells every change once, and ends where a replay ends", async () => {
    const limits = { mailbox: 6, mailboxReserve: 1, batchCommands: 3 };
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 80, size: "max" }), async (actions) => {
        const room = new EngineRoom({ limits, journal: new ManualJournal({ maxAppendBytes: 17_000 }) });
        const auditor = new Auditor(room);
        const now = room.time.now();
        room.submit(create(GALA, 6, { closesAt: now + 3_000 }));
        room.submit(create(FINAL, 4, { opensAt: now + 200, closesAt: now + 2_000 }));
        for (const act of actions) await act(room);

        room.journal.room = true;
        const stopped = room.engine.stop();
        await room.rest();
        await stopped;
        expect(room.faults).to.deep.equal([]);
        expect(auditor.replies).to.equal(room.submitted);
        expect(room.published.flatMap(({ events }) => events)).to.deep.equal(room.journal.durable);
        expect(knowledgeOf(replay(room.journal.durable))).to.deep.equal(knowledgeOf(room.state));
        const times = room.journal.durable.map(({ at }) => at);
        expect(times).to.deep.equal(times.toSorted((a, b) => a - b));
      }),
      { numRuns: 200 },
    );
  });
});

function replay(events: readonly SaleEvent[]): BoxOffice {
  const state = createBoxOffice();
  for (const event of events) evolve(state, event, 7);
  return state;
}

/** Every number of tickets left that a sale had at some durable moment. */
function leftOver(events: readonly SaleEvent[]): Set<number> {
  const state = createBoxOffice();
  const seen = new Set<number>();
  for (const event of events) {
    evolve(state, event, 7);
    for (const sale of state.sales.values()) seen.add(sale.available);
  }
  return seen;
}
