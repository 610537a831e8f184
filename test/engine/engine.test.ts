import { expect } from "chai";
import type { TicketCode } from "../../src/box-office/sale.ts";
import { buy, change, create, FINAL, GALA, query, restock } from "../support/commands.ts";
import { EngineRoom, kindsOf, openRoom } from "../support/engine-room.ts";
import { ManualJournal } from "../support/manual-journal.ts";
import { promises } from "../support/manual-time.ts";

describe("engine: an answer", () => {
  it("to a purchase waits until its append is durable, and so does everything that is visible", async () => {
    const room = await openRoom();
    room.submit(buy(GALA));
    room.time.settle();
    await promises();
    expect(room.journal.inFlight).to.have.length(1);
    expect(room.replies).to.deep.equal([]);
    expect(room.published).to.deep.equal([]);
    expect(room.engine.view(GALA)).to.include({ available: 10 });
    expect(room.engine.durableOffset).to.equal(1);
    expect([...room.engine.purchases(GALA)]).to.deep.equal([]);

    await room.journal.finish();
    expect(kindsOf(room.replies)).to.deep.equal(["receipt"]);
    expect(room.published).to.have.length(1);
    expect(room.engine.view(GALA)).to.include({ available: 9 });
    expect([...room.engine.views()]).to.have.length(1);
    expect(room.engine.durableOffset).to.equal(2);
    expect([...room.engine.purchases(GALA)]).to.have.length(1);
  });

  it("to a query or a rejection waits for the batch that it stands in", async () => {
    const room = await openRoom(2);
    for (const command of [buy(GALA, 2), query(GALA), buy(GALA), query(FINAL)]) room.submit(command);
    room.time.settle();
    await promises();
    expect(room.replies).to.deep.equal([]);
    await room.journal.finish();
    expect(kindsOf(room.replies)).to.deep.equal(["receipt", "stock", "sold_out", "unknown_sale"]);
    expect(room.replies[1]!.answer).to.have.nested.property("view.available", 0);
  });

  it("to a command that comes while an append is in flight waits for it, whatever it asks", async () => {
    const room = await openRoom();
    room.submit(buy(GALA));
    room.time.settle();
    room.submit(query(GALA));
    room.submit(buy(FINAL));
    room.time.settle();
    await promises();
    expect(room.replies).to.deep.equal([]);
    await room.journal.finish();
    expect(kindsOf(room.replies)).to.deep.equal(["receipt", "stock", "unknown_sale"]);
  });

  it("to a batch of nothing but queries and rejections needs no append", async () => {
    const room = await openRoom();
    room.submit(query(GALA));
    room.submit(buy(FINAL));
    room.time.turn();
    expect(kindsOf(room.replies)).to.deep.equal(["stock", "unknown_sale"]);
    expect(room.diary).to.deep.equal(["reply 1", "reply 2"]);
  });

  it("comes in the order of the mailbox, over many batches", async () => {
    const room = await openRoom(100, { limits: { batchCommands: 7 } });
    for (let i = 0; i < 40; i++) room.submit(i % 3 === 0 ? query(GALA) : buy(GALA, i % 5 === 0 ? 11 : 1));
    await room.rest();
    expect(room.replies.map(({ to }) => to)).to.deep.equal(Array.from({ length: 40 }, (_, i) => i + 1));
  });
});

describe("engine: a batch", () => {
  it("is everything that arrives in the same round of the loop", async () => {
    const room = await openRoom();
    for (let i = 0; i < 5; i++) room.submit(buy(GALA));
    expect(room.time.waiting.soon).to.equal(1);
    room.time.turn();
    expect(room.journal.inFlight).to.have.length(5);
  });

  it("grows while the append before it is in flight, and only one append is", async () => {
    const room = await openRoom();
    room.submit(buy(GALA));
    room.time.settle();
    for (let i = 0; i < 4; i++) {
      room.submit(buy(GALA));
      room.time.settle();
    }
    expect(room.engine.waiting).to.equal(4);
    await room.journal.finish();
    expect(room.journal.appends.slice(1)).to.deep.equal([1, 4]);
    expect(room.engine.waiting).to.equal(0);
  });

  it("begins its append before the replies of the one before leave, and is published after its own", async () => {
    const room = await openRoom();
    room.submit(buy(GALA));
    room.time.settle();
    room.submit(buy(GALA));
    room.submit(buy(GALA));
    await room.rest();
    expect(room.diary).to.deep.equal([
      "append 1",
      "append 2",
      "reply 1",
      "publish 1",
      "reply 2",
      "reply 3",
      "publish 2",
    ]);
  });

  it("is decided on the one before it, and seen only when it is durable itself", async () => {
    const room = await openRoom();
    room.submit(buy(GALA, 1));
    room.time.settle();
    room.submit(buy(GALA, 2));
    await room.journal.finish();
    expect(room.engine.view(GALA)).to.include({ available: 9 });
    expect(room.engine.durableOffset).to.equal(2);
    await room.journal.finish();
    expect(room.engine.view(GALA)).to.include({ available: 7 });
  });

  it("is decided while the append before it is in flight, and goes in one append all the same", async () => {
    const room = await openRoom();
    const left = (): number | undefined => room.state.sales.get(GALA)?.available;
    room.submit(buy(GALA));
    room.time.settle();
    expect(left()).to.equal(9);
    for (const command of [buy(GALA, 2), query(GALA), buy(GALA)]) {
      room.submit(command);
      room.time.settle();
    }
    expect(left()).to.equal(6);
    expect(room.journal.prepared).to.deep.equal([1, 1, 2]);
    expect(room.replies).to.have.length(0);
    expect(room.engine.view(GALA)).to.include({ available: 10 });
    await room.journal.finish();
    expect(room.journal.appends.slice(1)).to.deep.equal([1, 2]);
    expect(kindsOf(room.replies)).to.deep.equal(["receipt"]);
    expect(room.engine.view(GALA)).to.include({ available: 9 });
    await room.rest();
    expect(kindsOf(room.replies)).to.deep.equal(["receipt", "receipt", "stock", "receipt"]);
  });

  it("is decided ahead also where it didn't go into the batch before it", async () => {
    const room = await openRoom(100, { limits: { batchCommands: 3 } });
    for (let i = 0; i < 7; i++) room.submit(buy(GALA));
    room.time.settle();
    expect(room.journal.inFlight).to.have.length(3);
    expect(room.journal.prepared).to.deep.equal([3]);
    expect(room.engine.waiting).to.equal(4);
    await room.rest();
    expect(room.journal.appends.slice(1)).to.deep.equal([3, 3, 1]);
  });

  it("of no events, decided while an append is in flight, is answered as soon as that is durable", async () => {
    const room = await openRoom();
    room.submit(buy(GALA));
    room.time.settle();
    room.submit(query(GALA));
    room.time.settle();
    await room.journal.finish();
    expect(room.diary).to.deep.equal(["append 1", "reply 1", "publish 1", "reply 2"]);
  });

  it("takes so many commands and no more", async () => {
    const room = await openRoom(100, { limits: { batchCommands: 3 } });
    for (let i = 0; i < 7; i++) room.submit(buy(GALA));
    await room.rest();
    expect(room.journal.appends.slice(1)).to.deep.equal([3, 3, 1]);
    for (let i = 0; i < 7; i++) room.submit(query(GALA));
    await room.rest();
    expect(room.replies).to.have.length(14);
  });

  it("is looked at a few hundred commands ahead, so that each code is announced before it is asked for", async () => {
    const room = await openRoom(1_000, { limits: { mailbox: 1_000, batchCommands: 600 } });
    const announced = new Set<TicketCode>();
    const near = new Set<TicketCode>();
    const asked: TicketCode[] = [];
    const purchases = room.state.purchases!;
    const hasCode = purchases.hasCode.bind(purchases);
    purchases.expectCode = (code) => announced.add(code);
    purchases.prefetch = () => {
      for (const code of announced) near.add(code);
    };
    purchases.hasCode = (code) => {
      expect(near.has(code)).to.equal(true);
      expect(near.size - asked.length).to.be.at.most(256);
      asked.push(code);
      return hasCode(code);
    };
    for (let i = 0; i < 900; i++) room.submit(buy(GALA));
    await room.rest();
    expect(room.faults).to.deep.equal([]);
    expect(asked).to.have.length(900);
    expect(new Set(kindsOf(room.replies))).to.deep.equal(new Set(["receipt"]));
  });

  it("ends before it could outgrow what one append takes", async () => {
    const journal = new ManualJournal({ maxAppendBytes: 20_000 });
    const room = await openRoom(900, { journal });
    for (let i = 0; i < 90; i++) room.submit(buy(GALA, 10));
    await room.rest();
    expect(room.faults).to.deep.equal([]);
    expect(new Set(kindsOf(room.replies))).to.deep.equal(new Set(["receipt"]));
    expect(room.replies).to.have.length(90);
    expect(journal.appends.length).to.be.above(5);
  });

  it("is published with its events, their offset, the epoch and one view for each sale that changed", async () => {
    const room = await openRoom();
    await room.serve(create(FINAL, 1));
    room.clear();
    await room.serve(buy(GALA), query(GALA), buy(FINAL), buy(GALA));
    expect(room.published).to.have.length(1);
    const { epoch, offset, events, views } = room.published[0]!;
    expect({ epoch, offset }).to.deep.equal({ epoch: 7, offset: 2 });
    expect(events).to.deep.equal(room.journal.durable.slice(2));
    expect(events.map(({ type }) => type)).to.deep.equal(["purchased", "purchased", "sold_out", "purchased"]);
    expect(views.map(({ sale, available }) => [sale, available])).to.deep.equal([
      [GALA, 8],
      [FINAL, 0],
    ]);
  });

  it("is told to the probe: each decision, its size, and how long the append took", async () => {
    const told: unknown[] = [];
    const room = await openRoom(1, {
      probe: {
        decided: (command, answer) => told.push([command.type, answer.kind]),
        batch: (commands, events) => told.push([commands, events]),
        synced: (ms) => told.push(ms),
      },
    });
    told.length = 0;
    room.submit(buy(GALA));
    room.submit(query(GALA));
    room.time.settle();
    room.time.advance(3);
    await room.rest();
    expect(told).to.deep.equal([[2, 2], 3, ["buy", "receipt"], ["query", "stock"]]);
  });

  it("isn't told to the probe when it holds nothing, nor a decision before it is durable", async () => {
    const batches: number[] = [];
    let decided = 0;
    const room = await openRoom(1, {
      probe: {
        decided: () => (decided += 1),
        batch: (commands) => batches.push(commands),
        synced: () => {},
      },
    });
    room.submit(buy(GALA));
    room.time.settle();
    expect(decided).to.equal(1);
    room.submit(query(GALA));
    await room.journal.finish();
    room.time.settle();
    expect(batches).to.deep.equal([1, 1, 1]);
    expect(decided).to.equal(3);
  });

  it("may be followed by what a reply asks for at once", async () => {
    const room = await openRoom();
    let asked = 0;
    room.onReply = () => {
      asked += 1;
      if (asked <= 3) room.submit(buy(GALA));
    };
    room.submit(buy(GALA));
    await room.rest();
    expect(kindsOf(room.replies)).to.deep.equal(["receipt", "receipt", "receipt", "receipt"]);
    expect(room.journal.appends.slice(1)).to.deep.equal([1, 1, 1, 1]);
  });
});

describe("engine: the mailbox", () => {
  it("that is full takes nothing, executes nothing of it, and still has places for the organiser", async () => {
    const room = await openRoom(10, { limits: { mailbox: 5, mailboxReserve: 2 } });
    room.submit(buy(GALA));
    room.time.settle();
    for (let i = 0; i < 3; i++) {
      expect(room.engine.isFull()).to.equal(false);
      expect(room.submit(buy(GALA))).to.equal(true);
    }
    expect(room.submit(buy(GALA))).to.equal(false);
    expect(room.submit(query(GALA))).to.equal(false);
    expect(room.engine.isFull()).to.equal(true);
    expect(room.submit(change("pause", GALA), "organiser")).to.equal(true);
    expect(room.submit(restock(GALA, 1), "organiser")).to.equal(true);
    expect(room.submit(change("close", GALA), "organiser")).to.equal(false);
    expect(room.engine.waiting).to.equal(5);
    await room.rest();
    expect(kindsOf(room.replies)).to.deep.equal([
      "receipt",
      "receipt",
      "receipt",
      "receipt",
      "stock",
      "stock",
    ]);
    expect(room.engine.view(GALA)).to.include({ state: "paused", sold: 4, capacity: 11 });
    expect(room.submit(query(GALA))).to.equal(true);
  });
});

describe("engine: a journal without room", () => {
  it("makes purchases busy, changes nothing, and lets queries through", async () => {
    const room = await openRoom();
    room.journal.room = false;
    await room.serve(buy(GALA, 2), query(GALA), restock(GALA, 1), buy(GALA, 11));
    expect(kindsOf(room.replies)).to.deep.equal(["busy", "stock", "busy", "bad_quantity"]);
    expect(room.replies[1]!.answer).to.have.nested.property("view.available", 10);
    expect(room.diary.filter((line) => !line.startsWith("reply"))).to.deep.equal([]);
    expect(room.state).to.include({ offset: 1 });
  });

  it("leaves the key free, so that the same purchase succeeds when there is room again", async () => {
    const room = await openRoom();
    room.journal.room = false;
    const command = buy(GALA, 2, { key: "one" });
    await room.serve(command);
    room.journal.room = true;
    expect((await room.serve(command))[0]).to.include({ kind: "receipt", repeated: false });
  });

  it("still answers a key that bought with its receipt", async () => {
    const room = await openRoom();
    const [receipt] = await room.serve(buy(GALA, 1, { key: "one" }));
    room.journal.room = false;
    const [again] = await room.serve(buy(GALA, 1, { key: "one" }));
    expect(again).to.deep.equal({ ...receipt, repeated: true });
  });
});

describe("engine: a failure", () => {
  for (const [kind, code] of [
    ["unknown", "JOURNAL_FAILED"],
    ["fenced", "JOURNAL_FENCED"],
  ] as const) {
    it(`of kind ${kind} stops for good: no reply leaves, nothing is published, nothing more is taken`, async () => {
      const room = await openRoom();
      room.submit(buy(GALA));
      room.time.settle();
      room.submit(buy(GALA));
      room.submit(query(GALA));
      const cause = new Error("EIO");
      await room.journal.finish({ kind, message: "the disk is gone", cause });
      room.time.settle();
      room.time.advance(10_000);
      await promises();
      expect(room.faults.map((fault) => [fault.code, fault.message])).to.deep.equal([
        [code, "the disk is gone"],
      ]);
      if (kind === "unknown") expect(room.faults[0]!.cause).to.equal(cause);
      expect(room.diary).to.deep.equal(["append 1"]);
      expect(room.engine.view(GALA)).to.include({ available: 10 });
      expect(room.engine.durableOffset).to.equal(1);
      expect(room.submit(buy(GALA))).to.equal(false);
      expect(room.submit(change("close", GALA), "organiser")).to.equal(false);
      expect(room.time.waiting).to.deep.equal({ soon: 0, timers: 0 });
    });
  }

  it("of the books stops before the batch is appended, and names the sale", async () => {
    const room = await openRoom();
    room.state.sales.get(GALA)!.tickets += 1;
    room.submit(query(GALA));
    room.submit(buy(GALA));
    room.time.settle();
    await promises();
    expect(room.faults.map(({ code }) => code)).to.deep.equal(["INVARIANT_BROKEN"]);
    expect(room.faults[0]!.message).to.match(/^the books of sale gala don't balance/);
    expect(room.diary).to.deep.equal([]);
    expect(room.submit(query(GALA))).to.equal(false);
  });

  it("of whoever listens stops too, once, and the append in flight is not answered", async () => {
    const room = await openRoom();
    room.onPublish = () => {
      throw new Error("the hub fell over");
    };
    room.submit(buy(GALA));
    room.time.settle();
    room.submit(buy(GALA));
    await room.journal.finish();
    expect(room.diary).to.deep.equal(["append 1", "append 1", "reply 1", "publish 1"]);
    await room.journal.finish();
    room.time.settle();
    expect(room.diary).to.have.length(4);
    expect(room.faults.map((fault) => [fault.code, fault.message])).to.deep.equal([
      ["INVARIANT_BROKEN", "the hub fell over"],
    ]);
  });
});

describe("engine: halt", () => {
  it("answers nothing of what waits or is in flight, publishes nothing, and takes nothing more", async () => {
    const room = await openRoom();
    room.submit(buy(GALA));
    room.time.settle();
    room.submit(query(GALA));
    room.engine.halt();
    await room.rest();
    expect(room.replies).to.deep.equal([]);
    expect(room.published).to.deep.equal([]);
    expect(room.faults).to.deep.equal([]);
    expect(room.submit(query(GALA))).to.equal(false);
    await room.engine.stop();
  });

  it("lets a stop that is under way end", async () => {
    const room = await openRoom();
    room.submit(buy(GALA));
    const stopped = room.engine.stop();
    room.time.settle();
    room.engine.halt();
    await stopped;
    expect(room.replies).to.deep.equal([]);
  });
});

describe("engine: stop", () => {
  it("takes nothing more, finishes what waits and resolves after the last reply", async () => {
    const room = await openRoom(100, { limits: { batchCommands: 2 } });
    for (let i = 0; i < 5; i++) room.submit(buy(GALA));
    room.time.turn();
    let stopped = false;
    const stop = room.engine.stop().then(() => {
      stopped = true;
    });
    expect(room.submit(buy(GALA))).to.equal(false);
    expect(room.submit(change("close", GALA), "organiser")).to.equal(false);
    room.time.settle();
    await room.journal.finish();
    expect(stopped).to.equal(false);
    await room.rest();
    await stop;
    expect(kindsOf(room.replies)).to.deep.equal(Array.from({ length: 5 }, () => "receipt"));
    expect(room.published).to.have.length(3);
  });

  it("resolves when nothing waits, and leaves no timer behind", async () => {
    const room = await openRoom();
    await room.serve(create(FINAL, 1, { opensAt: room.time.now() + 1_000 }));
    const stop = room.engine.stop();
    room.time.settle();
    await stop;
    expect(room.time.waiting).to.deep.equal({ soon: 0, timers: 0 });
    await room.engine.stop();
  });

  it("asked for twice resolves twice", async () => {
    const room = await openRoom();
    room.submit(buy(GALA));
    let resolved = 0;
    for (let i = 0; i < 2; i++) {
      void room.engine.stop().then(() => {
        resolved += 1;
      });
    }
    await room.rest();
    await promises();
    expect(resolved).to.equal(2);
    expect(kindsOf(room.replies)).to.deep.equal(["receipt"]);
  });

  it("resolves also when the journal fails before the last reply", async () => {
    const room = await openRoom();
    room.submit(buy(GALA));
    let resolved = false;
    void room.engine.stop().then(() => {
      resolved = true;
    });
    room.time.settle();
    await room.journal.finish({ kind: "unknown", message: "EIO", cause: null });
    await promises();
    expect(room.faults).to.have.length(1);
    expect(resolved).to.equal(true);
    expect(room.replies).to.deep.equal([]);
  });
});

describe("engine: the purchases of a sale", () => {
  it("may be walked slowly: those that were durable when the walk began, and no others", async () => {
    const room = await openRoom();
    await room.serve(buy(GALA), buy(GALA));
    const walk = room.engine.purchases(GALA);
    expect(walk.next().value).to.include({ offset: 1 });
    await room.serve(buy(GALA));
    expect([...walk].map(({ offset }) => offset)).to.deep.equal([2]);
    expect([...room.engine.purchases(GALA)]).to.have.length(3);
    expect([...room.engine.purchases(FINAL)]).to.deep.equal([]);
  });
});

describe("engine: a state that was replayed", () => {
  it("is shown from the start, and goes on where it ended", async () => {
    const before = await openRoom();
    await before.serve(buy(GALA, 3, { key: "one" }));
    const room = new EngineRoom({ state: before.state, journal: new ManualJournal({ epoch: 8 }) });
    expect(room.engine.view(GALA)).to.deep.include({ available: 7, position: { epoch: 8, offset: 1 } });
    expect(room.engine.durableOffset).to.equal(2);
    const [again, next] = await room.serve(buy(GALA, 3, { key: "one" }), buy(GALA));
    expect(again).to.deep.include({ repeated: true, position: { epoch: 7, offset: 1 } });
    expect(next).to.deep.include({ repeated: false, position: { epoch: 8, offset: 2 } });
  });
});
