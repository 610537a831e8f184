import { expect } from "chai";
import { createBoxOffice, evolve, type BoxOffice } from "../../src/box-office/box-office.ts";
import type { Command } from "../../src/box-office/command.ts";
import type { SaleId } from "../../src/box-office/sale.ts";
import { buy, create, FINAL, GALA, query } from "../support/commands.ts";
import { EngineRoom, kindsOf, openRoom, type Reply } from "../support/engine-room.ts";
import { ManualJournal } from "../support/manual-journal.ts";

const HOUR_MS = 3_600_000;

/** What a journal from before left: sales that are scheduled. */
function scheduled(sales: readonly SaleId[], opensAt: number, closesAt: number | null): BoxOffice {
  const state = createBoxOffice();
  for (const sale of sales) {
    const times = { phase: "scheduled", opensAt, closesAt } as const;
    evolve(state, { type: "sale_created", v: 1, at: 1, sale, title: "", capacity: 1, ...times }, 1);
  }
  return state;
}

describe("engine: a deadline", () => {
  it("happens at its instant without any command, and is told like everything else", async () => {
    const room = await openRoom();
    const opensAt = room.time.now() + 5_000;
    await room.serve(create(FINAL, 5, { opensAt, closesAt: opensAt + 1_000 }));
    room.clear();
    room.time.advance(4_999);
    expect(room.diary).to.deep.equal([]);
    room.time.advance(1);
    await room.rest();
    expect(room.journal.durable.at(-1)).to.deep.equal({ type: "opened", v: 1, at: opensAt, sale: FINAL });
    expect(room.engine.view(FINAL)).to.include({ state: "open" });
    expect(room.diary).to.deep.equal(["append 1", "publish 2"]);
    room.time.advance(1_000);
    await room.rest();
    expect(room.journal.durable.at(-1)).to.include({ type: "closed", at: opensAt + 1_000 });
    expect(room.engine.view(FINAL)).to.include({ state: "closed" });
    expect(room.time.waiting).to.deep.equal({ soon: 0, timers: 0 });
  });

  it("comes before the command that arrives with it, though no timer fired", async () => {
    const room = await openRoom();
    const opensAt = room.time.now() + 5_000;
    await room.serve(create(FINAL, 5, { opensAt, closesAt: opensAt + 1_000 }));
    room.clear();
    room.time.spend(5_500);
    await room.serve(buy(FINAL));
    expect(kindsOf(room.replies)).to.deep.equal(["receipt"]);
    expect(room.journal.durable.slice(2).map(({ type, at }) => [type, at - opensAt])).to.deep.equal([
      ["opened", 0],
      ["purchased", 500],
    ]);
    room.time.spend(600);
    await room.serve(buy(FINAL));
    expect(kindsOf(room.replies).at(-1)).to.equal("closed");
    expect(room.journal.durable.at(-1)).to.include({ type: "closed", at: opensAt + 1_000 });
  });

  it("comes between two commands of one batch if the clock passes it there", async () => {
    const journal = new ManualJournal();
    const room = await openRoom(2, { journal });
    await room.serve(create(FINAL, 5, { opensAt: room.time.now() + 5_000 }));
    room.clear();
    // It is asked for each purchase, once that is decided.
    journal.onHasRoom = () => room.time.spend(5_000);
    await room.serve(buy(FINAL), buy(GALA), buy(FINAL));
    expect(kindsOf(room.replies)).to.deep.equal(["not_open", "receipt", "receipt"]);
  });

  it("whose timer fires while an append is in flight is prepared, and is next, though nobody sends anything", async () => {
    const room = await openRoom();
    await room.serve(create(FINAL, 5, { opensAt: room.time.now() + 1_000 }));
    room.submit(buy(GALA));
    room.time.settle();
    room.time.advance(1_000);
    expect(room.journal.prepared).to.deep.equal([1]);
    expect(room.engine.view(FINAL)).to.include({ state: "scheduled" });
    await room.journal.finish();
    await room.journal.finish();
    expect(room.engine.view(FINAL)).to.include({ state: "open" });
  });

  it("that passes while an append is in flight is next, though nobody sends anything", async () => {
    const room = await openRoom();
    await room.serve(create(FINAL, 5, { opensAt: room.time.now() + 1_000 }));
    room.submit(buy(GALA));
    room.time.settle();
    room.time.spend(1_000);
    await room.rest();
    expect(room.engine.view(FINAL)).to.include({ state: "open" });
  });

  it("of a sale that opens and closes within one sleep gives both events, in order", async () => {
    const room = await openRoom();
    const opensAt = room.time.now() + 5_000;
    await room.serve(create(FINAL, 5, { opensAt, closesAt: opensAt + 1_000 }));
    room.time.spend(9_000);
    await room.serve(query(FINAL));
    expect(room.journal.durable.slice(2).map(({ type }) => type)).to.deep.equal(["opened", "closed"]);
  });

  it("hours away is kept all the same", async () => {
    const room = await openRoom();
    const opensAt = room.time.now() + 3 * HOUR_MS;
    await room.serve(create(FINAL, 5, { opensAt }));
    room.time.advance(3 * HOUR_MS - 1);
    expect(room.engine.view(FINAL)).to.include({ state: "scheduled" });
    room.time.advance(1);
    await room.rest();
    expect(room.journal.durable.at(-1)).to.include({ type: "opened", at: opensAt });
  });

  it("happens soon after the clock was set past it, though nobody asks for anything", async () => {
    const room = await openRoom();
    await room.serve(create(FINAL, 5, { opensAt: room.time.now() + HOUR_MS }));
    room.time.set(room.time.now() + 2 * HOUR_MS);
    room.time.advance(250);
    await room.rest();
    expect(room.engine.view(FINAL)).to.include({ state: "open" });
  });

  it("waits while the journal has no room, and happens soon after there is some", async () => {
    const room = await openRoom();
    await room.serve(create(FINAL, 5, { opensAt: room.time.now() + 1_000 }));
    room.journal.room = false;
    room.time.advance(5_000);
    await room.rest();
    expect(room.engine.view(FINAL)).to.include({ state: "scheduled" });
    room.journal.room = true;
    room.time.advance(1_000);
    await room.rest();
    expect(room.engine.view(FINAL)).to.include({ state: "open" });
  });

  it("that waits for room makes a refusal busy: the sale is late, not closed to the buyer", async () => {
    const room = await openRoom();
    await room.serve(create(FINAL, 5, { opensAt: room.time.now() + 1_000 }));
    room.journal.room = false;
    expect(kindsOf(await answersOf(room, buy(FINAL, 1)))).to.deep.equal(["not_open"]);
    room.time.advance(5_000);
    expect(kindsOf(await answersOf(room, buy(FINAL, 1), query(FINAL)))).to.deep.equal(["busy", "stock"]);
  });

  it("that passed while the server was down happens when it starts again", async () => {
    const room = new EngineRoom({ state: scheduled([FINAL], 500_000, 900_000) });
    await room.rest();
    expect(room.journal.durable.map(({ type, at }) => [type, at])).to.deep.equal([
      ["opened", 500_000],
      ["closed", 900_000],
    ]);
  });

  it("that hundreds of sales share takes as many appends as it needs, all before the next command", async () => {
    const opensAt = 2_000_000;
    const sales = Array.from({ length: 500 }, (_, i) => `sale-${i}` as SaleId);
    const journal = new ManualJournal({ maxAppendBytes: 20_000 });
    const room = new EngineRoom({ state: scheduled(sales, opensAt, null), journal });
    room.time.spend(opensAt - room.time.now());
    room.submit(buy(sales.at(-1)!));
    await room.rest();
    room.time.advance(1_000);
    await room.rest();
    expect(room.faults).to.deep.equal([]);
    expect(kindsOf(room.replies)).to.deep.equal(["receipt"]);
    expect(journal.durable.map(({ type }) => type)).to.deep.equal([
      ...sales.map(() => "opened"),
      "purchased",
      "sold_out",
    ]);
    expect(journal.appends.length).to.be.above(1);
  });

  it("that hundreds of sales share happens for each of them also when no command comes", async () => {
    const sales = Array.from({ length: 500 }, (_, i) => `sale-${i}` as SaleId);
    const journal = new ManualJournal({ maxAppendBytes: 20_000 });
    const room = new EngineRoom({ state: scheduled(sales, 500_000, 900_000), journal });
    await room.rest();
    room.time.advance(1_000);
    await room.rest();
    expect(room.faults).to.deep.equal([]);
    expect([...room.engine.views()].filter(({ state }) => state === "closed")).to.have.length(500);
  });
});

/** What these are answered, as the room noted it. */
async function answersOf(room: EngineRoom, ...commands: readonly Command[]): Promise<Reply[]> {
  const before = room.replies.length;
  await room.serve(...commands);
  return room.replies.slice(before);
}

describe("engine: time", () => {
  it("of an event is never before the event before it, however the clock is set back", async () => {
    const room = await openRoom();
    const start = room.time.now();
    await room.serve(buy(GALA));
    room.time.setWallClock(start - 60_000);
    expect((await room.serve(buy(GALA)))[0]).to.include({ at: start });
    room.time.setWallClock(start + 10);
    await room.serve(buy(GALA));
    expect(room.journal.durable.map(({ at }) => at - start)).to.deep.equal([0, 0, 0, 10]);
  });

  it("set back doesn't undo or repeat an opening", async () => {
    const room = await openRoom();
    const opensAt = room.time.now() + 1_000;
    await room.serve(create(FINAL, 5, { opensAt }));
    room.time.advance(1_000);
    await room.rest();
    room.time.setWallClock(opensAt - 900);
    await room.serve(buy(FINAL));
    room.time.advance(5_000);
    await room.rest();
    expect(kindsOf(room.replies).at(-1)).to.equal("receipt");
    expect(room.journal.durable.filter(({ type }) => type === "opened")).to.have.length(1);
  });
});
