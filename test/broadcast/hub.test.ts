import { expect } from "chai";
import { buy, change, create, FINAL, GALA, restock } from "../support/commands.ts";
import { details, Listener, numbers, Stage } from "../support/audience.ts";

describe("broadcast: stock", () => {
  it("goes out at once after a quiet spell", () => {
    const stage = new Stage();
    const listener = stage.join();
    stage.happen(buy(GALA));
    stage.time.turn();
    expect(listener.heard).to.deep.equal(["stock 1 99 open"]);
  });

  it("that changes on and on is told at a steady rhythm, each time the newest", () => {
    const stage = new Stage();
    const listener = stage.join();
    for (let i = 0; i < 30; i++) {
      stage.happen(buy(GALA));
      stage.time.settle();
      stage.time.advance(10);
    }
    stage.time.advance(50);
    // At 0, 50, ... 250 ms, and the last change, at 290 ms, by 300 ms.
    expect(listener.heard.map((line) => line.split(" ")[2])).to.deep.equal([
      "99",
      "95",
      "90",
      "85",
      "80",
      "75",
      "70",
    ]);
  });

  it("ends on the true value, whenever the last change came", () => {
    for (let wait = 0; wait <= 120; wait += 7) {
      const stage = new Stage();
      const listener = stage.join();
      for (let i = 0; i < 3; i++) {
        stage.happen(buy(GALA));
        stage.time.settle();
        stage.time.advance(wait);
      }
      stage.time.advance(60);
      expect(listener.heard.at(-1), `${wait} ms apart`).to.equal("stock 3 97 open");
      expect(stage.time.waiting.soon).to.equal(0);
    }
  });

  it("of one batch is told once, and the same bytes go to everybody of one format", () => {
    const stage = new Stage();
    const listeners = [stage.join(), stage.join(), stage.join(new Listener(numbers))];
    stage.happen(buy(GALA), buy(GALA), buy(GALA));
    stage.time.settle();
    expect(listeners.map(({ heard }) => heard)).to.deep.equal([
      ["stock 3 97 open"],
      ["stock 3 97 open"],
      ["stock 3 97"],
    ]);
    expect(listeners[0]!.writes[0]).to.equal(listeners[1]!.writes[0]);
    expect(stage.delivered).to.have.members([16, 16, 11]);
  });

  it("that a listener knows from a reply isn't told again", () => {
    const stage = new Stage();
    const [buyer, other] = [stage.join(), stage.join()];
    stage.happen(buy(GALA));
    buyer.push.knowsNumber(1);
    stage.time.settle();
    expect(buyer.heard).to.deep.equal([]);
    expect(other.heard).to.have.length(1);
  });

  it("is told all the same to a buyer whose receipt doesn't tell what else has changed", () => {
    for (const [before, after] of [
      [change("pause", GALA), change("open", GALA)],
      [buy(GALA), restock(GALA, 1)],
    ] as const) {
      const stage = new Stage();
      const [program, terminal] = [stage.join(), stage.join(new Listener(numbers))];
      stage.happen(before);
      stage.time.settle();
      stage.time.advance(100);
      program.heard.length = terminal.heard.length = 0;
      stage.happen(after, buy(GALA));
      for (const { push } of [program, terminal]) push.knowsNumber(stage.office.sale(GALA).offset);
      stage.time.settle();
      const { available, offset } = stage.office.sale(GALA);
      expect(program.heard[0]).to.equal(`stock ${offset} ${available} open`);
      expect(terminal.heard.filter((line) => line.startsWith("stock"))).to.deep.equal([]);
    }
  });

  it("of before a receipt isn't told behind it, though it tells more: what is published with the receipt does", () => {
    const stage = new Stage();
    const listener = stage.join();
    listener.isReading = false;
    stage.happen(restock(GALA, 20));
    stage.time.settle();
    // A batch's replies leave before it is published.
    listener.push.knowsNumber(stage.office.state.offset);
    listener.push.justTold = true;
    listener.isReading = true;
    stage.hub.catchUp(listener, GALA);
    expect(listener.heard).to.deep.equal(["notice 1 restocked"]);
    stage.happen(buy(GALA));
    stage.time.settle();
    stage.time.advance(100);
    expect(listener.heard).to.deep.equal(["notice 1 restocked", "stock 2 119 open"]);
  });

  it("is left to the next round for whom a reply just told it, or is about to", () => {
    const stage = new Stage();
    const [told, waiting] = [stage.join(), stage.join()];
    stage.happen(buy(GALA), buy(GALA));
    told.push.knowsNumber(1);
    told.push.justTold = true;
    waiting.awaitsReply = true;
    stage.time.settle();
    expect([told.heard, waiting.heard]).to.deep.equal([[], []]);
    stage.time.advance(50);
    expect([told.heard, waiting.heard]).to.deep.equal([["stock 2 98 open"], []]);
    waiting.awaitsReply = false;
    stage.time.advance(50);
    expect(waiting.heard).to.deep.equal(["stock 2 98 open"]);
  });

  it("isn't told to who doesn't want it, and not to who hears only the number when only the state changed", () => {
    const stage = new Stage();
    const silent = stage.join(new Listener(details, { stock: false, notices: false }));
    const plain = stage.join(new Listener(numbers, { notices: false }));
    const full = stage.join();
    stage.happen(change("pause", GALA));
    stage.time.settle();
    expect(silent.heard).to.deep.equal([]);
    expect(plain.heard).to.deep.equal([]);
    expect(full.heard).to.deep.equal(["stock 1 100 paused", "notice 1 paused"]);
  });

  it("is told to who lags only when it reads again, and then only the newest", () => {
    const stage = new Stage();
    const slow = stage.join();
    slow.isReading = false;
    for (let i = 0; i < 3; i++) {
      stage.happen(buy(GALA));
      stage.time.settle();
      stage.time.advance(60);
    }
    expect(slow.heard).to.deep.equal([]);
    expect(slow.push.owed).to.equal(true);
    stage.drain(slow);
    expect(slow.heard).to.deep.equal(["stock 3 97 open"]);
    expect(slow.push.owed).to.equal(false);
  });
});

describe("broadcast: a notice", () => {
  it("doesn't wait for the rhythm, and comes behind the stock that it speaks of", () => {
    const stage = new Stage({}, 3);
    const listener = stage.join();
    stage.happen(buy(GALA));
    stage.time.settle();
    stage.time.advance(5);
    stage.happen(buy(GALA, 2));
    stage.time.settle();
    expect(listener.heard).to.deep.equal(["stock 1 2 open", "stock 2 0 sold_out", "notice 3 sold_out"]);
    expect(listener.writes).to.have.length(2);
  });

  it("is never conflated: each is told, in order", () => {
    const stage = new Stage();
    const listener = stage.join();
    stage.happen(change("pause", GALA), change("open", GALA), restock(GALA, 5));
    stage.happen(change("close", GALA));
    stage.time.settle();
    expect(listener.heard).to.deep.equal([
      "stock 4 105 closed",
      "notice 1 paused",
      "notice 2 opened",
      "notice 3 restocked",
      "notice 4 closed",
    ]);
  });

  it("of sold out is for everybody, the others for whoever wants them", () => {
    const stage = new Stage({}, 1);
    const quiet = stage.join(new Listener(numbers, { stock: false, notices: false }));
    stage.happen(buy(GALA), restock(GALA, 1), change("pause", GALA));
    stage.time.settle();
    expect(quiet.heard).to.deep.equal(["notice 2 sold_out"]);
  });

  it("isn't for who joins after it, nor for who has left", () => {
    const stage = new Stage({}, 1);
    const gone = stage.join();
    stage.happen(buy(GALA));
    stage.hub.leave(gone, GALA);
    const late = stage.join();
    stage.time.settle();
    stage.hub.catchUp(gone, GALA);
    stage.hub.changeWishes(gone, GALA, { wantsNotices: false });
    expect([gone.heard, late.heard]).to.deep.equal([[], []]);
  });

  it("reaches one that was missed because somebody left in the middle of a round", () => {
    const stage = new Stage();
    const listeners = Array.from({ length: 40 }, () => stage.join());
    for (const listener of listeners) {
      listener.onWrite = () => {
        stage.time.spend(0.2);
        const first = listeners.find((one) => one.push.index !== -1 && one.heard.length > 0);
        if (first !== undefined && stage.hub.subscribers > 30) stage.hub.leave(first, GALA);
      };
    }
    stage.happen(change("pause", GALA));
    stage.time.settle();
    stage.time.advance(1_000);
    const staying = listeners.filter(({ push }) => push.index !== -1);
    expect(staying).to.have.length(30);
    for (const { heard } of staying) expect(heard).to.deep.equal(["stock 1 100 paused", "notice 1 paused"]);
  });

  it("reaches everybody in its own round, though somebody joins under way", () => {
    const stage = new Stage();
    const listeners = Array.from({ length: 40 }, () => stage.join());
    for (const listener of listeners) listener.onWrite = () => stage.time.spend(0.2);
    stage.happen(change("pause", GALA));
    stage.time.turn();
    stage.join();
    stage.join();
    stage.time.settle();
    expect(listeners.map(({ heard }) => heard.at(-1))).to.deep.equal(listeners.map(() => "notice 1 paused"));
  });

  it("is told to a lagging reader as long as it is kept; past that the reader is closed, and told so once", () => {
    const stage = new Stage({ notices: 4 });
    const [late, tooLate] = [stage.join(), stage.join()];
    late.isReading = false;
    tooLate.isReading = false;
    for (let i = 0; i < 4; i++) stage.happen(restock(GALA, 1));
    stage.time.settle();
    stage.drain(late);
    expect(late.heard).to.have.length(5);
    stage.happen(restock(GALA, 1));
    stage.drain(tooLate);
    stage.happen(restock(GALA, 1));
    stage.time.settle();
    stage.time.advance(1_000);
    expect(tooLate.heard).to.deep.equal([]);
    expect(tooLate.lost).to.equal(1);
    expect(late.lost).to.equal(0);
    expect(stage.hub.subscribers).to.equal(1);
    stage.hub.leave(tooLate, GALA);
    expect(stage.hub.subscribers).to.equal(1);
  });

  it("that fell off the log closes also a reader that changes its wishes", () => {
    const stage = new Stage({ notices: 2 });
    const slow = stage.join();
    slow.isReading = false;
    for (let i = 0; i < 3; i++) stage.happen(restock(GALA, 1));
    stage.changeWishes(slow, { wantsNotices: false });
    stage.time.settle();
    stage.drain(slow);
    expect(slow.lost).to.equal(1);
  });
});

describe("broadcast: a change of wishes", () => {
  it("tells first what happened under the old ones", () => {
    const stage = new Stage();
    const listener = stage.join(new Listener(details, { stock: false, notices: false }));
    stage.happen(change("pause", GALA));
    stage.changeWishes(listener, { wantsStock: true, wantsNotices: true });
    stage.happen(change("open", GALA));
    stage.changeWishes(listener, { wantsStock: false, wantsNotices: false });
    stage.happen(change("close", GALA));
    stage.time.settle();
    expect(listener.heard).to.deep.equal(["stock 2 100 open", "notice 2 opened"]);
  });
});

describe("broadcast: resuming", () => {
  const EPOCH = 3;

  function offsets(missed: readonly { readonly position: { readonly offset: number } }[]): number[] {
    return missed.map(({ position }) => position.offset);
  }

  it("gives the state now and the notices since, once", () => {
    const stage = new Stage();
    stage.happen(change("pause", GALA), change("open", GALA), buy(GALA));
    const listener = stage.join(new Listener(details, { stock: false }));
    const { view, missed } = stage.hub.resume(listener, GALA, { epoch: EPOCH, offset: 1 });
    expect(view).to.include({ available: 99, state: "open" });
    expect(missed.map(({ kind }) => kind)).to.deep.equal(["opened"]);
    expect(listener.push.toldOffset).to.equal(3);
    expect(stage.hub.resume(listener, GALA, { epoch: EPOCH, offset: 1 }).missed).to.deep.equal([]);
  });

  it("doesn't give again what was told since the joining", () => {
    const stage = new Stage();
    stage.happen(change("pause", GALA));
    const listener = stage.join();
    stage.happen(change("open", GALA));
    stage.time.settle();
    expect(listener.heard.at(-1)).to.equal("notice 2 opened");
    const { missed } = stage.hub.resume(listener, GALA, { epoch: EPOCH, offset: 0 });
    expect(offsets(missed)).to.deep.equal([1]);
  });

  it("leaves to the next round what happened since the joining and wasn't told yet", () => {
    const stage = new Stage();
    stage.happen(change("pause", GALA));
    const listener = stage.join();
    stage.happen(change("open", GALA));
    expect(offsets(stage.hub.resume(listener, GALA, { epoch: EPOCH, offset: 0 }).missed)).to.deep.equal([1]);
    stage.time.settle();
    expect(listener.heard).to.deep.equal(["notice 2 opened"]);
  });

  it("gives no notices of another epoch, nor without a position", () => {
    const stage = new Stage();
    stage.happen(change("pause", GALA));
    for (const from of [undefined, { epoch: EPOCH - 1, offset: 0 }, { epoch: EPOCH + 1, offset: 0 }]) {
      const listener = stage.join();
      const { view, missed } = stage.hub.resume(listener, GALA, from);
      expect(view.state).to.equal("paused");
      expect(missed).to.deep.equal([]);
    }
  });

  it("gives the newest notices when there are more than it may tell", () => {
    const stage = new Stage({ notices: 8, resumedNotices: 3 });
    for (let i = 0; i < 20; i++) stage.happen(restock(GALA, 1));
    const { missed } = stage.hub.resume(stage.join(), GALA, { epoch: EPOCH, offset: 0 });
    expect(offsets(missed)).to.deep.equal([18, 19, 20]);
  });

  it("never makes a listener forget a newer stock than the hub's", () => {
    const stage = new Stage();
    const listener = stage.join();
    listener.push.knowsAll(9);
    stage.hub.resume(listener, GALA, undefined);
    expect(listener.push.toldOffset).to.equal(9);
  });
});

describe("broadcast: presence", () => {
  function watching(listener: Listener): string[] {
    return listener.heard.filter((line) => line.startsWith("watching"));
  }

  function watcher(stage: Stage): Listener {
    const listener = stage.join();
    listener.push.wantsPresence = true;
    return listener;
  }

  it("is told at most once a period, however many come and go, and ends on the true count", () => {
    const stage = new Stage();
    const listener = watcher(stage);
    for (let i = 0; i < 100; i++) {
      const guest = stage.join();
      if (i % 3 === 0) stage.hub.leave(guest, GALA);
      stage.time.advance(35);
    }
    stage.time.advance(2_000);
    expect(watching(listener).length).to.be.within(3, 5);
    expect(watching(listener).at(-1)).to.equal("watching 67");
  });

  it("isn't told when the count is what it was", () => {
    const stage = new Stage();
    const listener = watcher(stage);
    stage.time.advance(1_500);
    expect(watching(listener)).to.deep.equal(["watching 1"]);
    stage.hub.leave(stage.join(), GALA);
    stage.time.advance(5_000);
    expect(watching(listener)).to.deep.equal(["watching 1"]);
    expect(stage.time.waiting).to.deep.equal({ soon: 0, timers: 0 });
  });

  it("is told to who begins to want it later, also when a notice was told in between", () => {
    const stage = new Stage();
    const listener = stage.join();
    stage.time.advance(1_500);
    stage.happen(change("pause", GALA));
    stage.time.settle();
    expect(watching(listener)).to.deep.equal([]);
    listener.push.wantsPresence = true;
    stage.hub.catchUp(listener, GALA);
    expect(watching(listener)).to.deep.equal(["watching 1"]);
  });

  it("isn't told in a dialect that has no word for it", () => {
    const stage = new Stage();
    const plain = stage.join(new Listener(numbers));
    plain.push.wantsPresence = true;
    stage.time.advance(5_000);
    expect(plain.writes).to.deep.equal([]);
  });
});

describe("broadcast: sales", () => {
  it("are told apart, and one that is created later has its own audience", () => {
    const stage = new Stage();
    const first = stage.join();
    stage.happen(create(FINAL, 2));
    const second = stage.join(new Listener(), FINAL);
    stage.happen(buy(FINAL, 2));
    stage.time.settle();
    expect(first.heard).to.deep.equal([]);
    expect(second.heard).to.deep.equal(["stock 2 0 sold_out", "notice 3 sold_out"]);
    expect(stage.hub.subscribers).to.equal(2);
  });

  it("that don't exist can't be joined", () => {
    const stage = new Stage();
    expect(() => stage.hub.join(new Listener(), FINAL)).to.throw("sale final has no channel");
  });

  it("leave no timer behind when the hub stops", () => {
    const stage = new Stage();
    stage.join();
    stage.happen(buy(GALA));
    stage.time.settle();
    stage.happen(buy(GALA));
    expect(stage.time.waiting.timers).to.equal(2);
    stage.hub.stop();
    expect(stage.time.waiting.timers).to.equal(0);
  });
});
