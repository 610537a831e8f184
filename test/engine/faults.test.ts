import { expect } from "chai";
import { createBoxOffice } from "../../src/box-office/box-office.ts";
import { buy, create, FINAL, GALA, query } from "../support/commands.ts";
import { EngineRoom, openRoom } from "../support/engine-room.ts";
import { promises } from "../support/manual-time.ts";

describe("engine: a fault of whoever listens", () => {
  it("stops it for good, in the words that were thrown, and nothing that waits is decided", async () => {
    const room = await openRoom();
    room.onReply = () => void room.submit(query(GALA));
    room.onPublish = () => {
      // oxlint-disable-next-line no-throw-literal -- whatever is thrown, words have to come of it
      throw "no error at all";
    };
    room.submit(buy(GALA));
    room.time.settle();
    await promises();
    await room.journal.finish();
    const answered = room.replies.length;
    room.time.settle();
    await promises();
    expect(room.faults).to.have.length(1);
    expect(room.faults[0]).to.include({ code: "INVARIANT_BROKEN", message: "no error at all" });
    expect(room.replies).to.have.length(answered);
    expect(room.submit(query(GALA))).to.equal(false);
  });

  it("stops the timer of a deadline too", async () => {
    const room = await openRoom();
    room.submit(create(FINAL, 5, { opensAt: room.time.now() + 60_000 }));
    room.time.settle();
    await promises();
    await room.journal.finish();
    expect(room.time.waiting.timers).to.equal(1);
    room.onPublish = () => {
      throw new Error("broken");
    };
    room.submit(buy(GALA));
    room.time.settle();
    await promises();
    await room.journal.finish();
    expect(room.faults[0]).to.include({ message: "broken" });
    expect(room.time.waiting.timers).to.equal(0);
  });
});

describe("engine: halt", () => {
  it("stops the timer of a deadline, and lets go of whoever waits for the end", async () => {
    const room = await openRoom();
    await room.serve(create(FINAL, 5, { opensAt: room.time.now() + 60_000 }));
    expect(room.time.waiting.timers).to.equal(1);
    room.submit(buy(GALA));
    let isStopped = false;
    room.engine.halt();
    expect(room.time.waiting.timers).to.equal(0);
    const waiting = await openRoom();
    waiting.submit(buy(GALA));
    void waiting.engine.stop().then(() => (isStopped = true));
    waiting.time.settle();
    waiting.engine.halt();
    await promises();
    expect(isStopped).to.equal(true);
    expect(waiting.replies).to.deep.equal([]);
  });
});

describe("engine: a state that only counts", () => {
  it("has no purchases to walk through", async () => {
    const room = new EngineRoom({ state: createBoxOffice("count") });
    room.submit(create(GALA, 5));
    room.submit(buy(GALA));
    room.time.settle();
    await promises();
    await room.journal.finish();
    expect(room.engine.view(GALA)).to.include({ sold: 1 });
    expect([...room.engine.purchases(GALA)]).to.deep.equal([]);
  });
});
