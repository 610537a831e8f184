/** The queue seen through a link that stands still until a test moves it, with a real engine at the other end. */
import { expect } from "chai";
import type { Answer } from "../../src/box-office/answer.ts";
import type { Command } from "../../src/box-office/command.ts";
import type { SaleId } from "../../src/box-office/sale.ts";
import type { Row } from "../../src/cluster/command-codec.ts";
import { CounterServer } from "../../src/cluster/counter-server.ts";
import { LinkFault } from "../../src/cluster/link-fault.ts";
import { RemoteCounter } from "../../src/cluster/remote-counter.ts";
import { encodePublication, publicationOf, readTurn } from "../../src/cluster/turn-codec.ts";
import type { Published } from "../../src/engine/ports.ts";
import { buy, change, create, FINAL, GALA, query, restock } from "../support/commands.ts";
import { kindsOf, openRoom, type EngineRoom, type Reply } from "../support/engine-room.ts";
import { ManualTime } from "../support/manual-time.ts";

const HEADER = 5;

/** A worker's counter, the engine behind it, and a link between the two that carries what it is told to carry. */
class Line {
  readonly room: EngineRoom;
  readonly time = new ManualTime();
  readonly counter: RemoteCounter;
  readonly server: CounterServer;
  readonly replies: Reply[] = [];
  readonly heard: Published[] = [];
  /** Replies and publications as the worker heard them. */
  readonly diary: string[] = [];
  /** Writes of the worker that haven't arrived. */
  readonly sent: (readonly Row[])[] = [];
  #submitted = 0;

  constructor(room: EngineRoom, limits = { mailbox: 100, mailboxReserve: 2 }) {
    this.room = room;
    this.counter = new RemoteCounter(
      {
        scheduler: this.time,
        send: (rows) => this.sent.push(rows),
        publish: (published) => {
          this.heard.push(published);
          this.diary.push(`publish ${published.views.map(({ available }) => available).join()}`);
        },
        limits,
      },
      room.engine.views(),
    );
    this.server = new CounterServer(room.engine, () => {});
  }

  submit(command: Command, priority?: "organiser"): boolean {
    const to = this.#submitted;
    const reply = (answer: Answer): void => {
      this.replies.push({ to, answer });
      this.diary.push(`reply ${to}`);
    };
    const taken = this.counter.submit({ command, reply }, priority);
    if (taken) this.#submitted += 1;
    return taken;
  }

  /** What was written arrives at the engine, which does all that it can; nothing comes back yet. */
  async carryOver(): Promise<void> {
    this.time.settle();
    for (const rows of this.sent.splice(0)) this.server.take(JSON.stringify(rows));
    await this.room.rest();
  }

  /** What the engine answered and published arrives at the worker. */
  carryBack(): void {
    const publication = encodePublication(publicationOf(this.room.published.splice(0)));
    const frame = this.server.turn(publication);
    if (frame !== null) this.counter.take(readTurn(frame.subarray(HEADER)));
  }

  async serve(...commands: readonly Command[]): Promise<void> {
    for (const command of commands) this.submit(command);
    await this.carryOver();
    this.carryBack();
  }
}

async function openLine(capacity = 10, limits?: { mailbox: number; mailboxReserve: number }): Promise<Line> {
  return new Line(await openRoom(capacity), limits);
}

describe("a remote counter", () => {
  it("answers what the engine itself would", async () => {
    const commands = (): Command[] => [
      query(GALA),
      buy(GALA, 3, { key: "a" }),
      buy(GALA, 3, { key: "a" }),
      buy(GALA, 2, { key: "a" }),
      buy(GALA, 9),
      buy(GALA, 99),
      buy(FINAL),
      buy(GALA, 7),
      buy(GALA),
      { type: "audit", sale: GALA },
      create(FINAL, 5, { opensAt: 2_000_000 }),
      buy(FINAL),
      restock(GALA, 2),
      change("pause", GALA),
      buy(GALA),
      change("open", GALA),
      change("close", GALA),
      query(FINAL),
    ];
    const direct = await openRoom();
    const line = await openLine();
    const asked = commands();
    const expected = await direct.serve(...asked);
    await line.serve(...asked);
    expect(line.replies.map(({ to }) => to)).to.deep.equal(asked.map((_command, i) => i));
    expect(line.replies.map(({ answer }) => answer)).to.deep.equal(expected);
    expect([...line.counter.views()]).to.deep.equal([...direct.engine.views()]);
    expect(line.counter.waiting).to.equal(0);
  });

  it("knows every sale from the start, and the newest view of each before the reply that it belongs to", async () => {
    const line = await openLine();
    expect(line.counter.view(GALA)).to.include({ available: 10 });
    expect(line.counter.view(FINAL)).to.equal(undefined);
    const seen: (number | undefined)[] = [];
    line.counter.submit({
      command: buy(GALA, 4),
      reply: () => seen.push(line.counter.view(GALA)?.available),
    });
    await line.carryOver();
    expect(line.counter.view(GALA)).to.include({ available: 10 });
    line.carryBack();
    expect(seen).to.deep.equal([6]);
  });

  it("sends what one turn brings in one write", async () => {
    const line = await openLine();
    for (let i = 0; i < 5; i++) line.submit(buy(GALA));
    expect(line.sent).to.deep.equal([]);
    line.time.turn();
    expect(line.sent.map((rows) => rows.length)).to.deep.equal([5]);
    line.submit(query(GALA));
    line.time.turn();
    expect(line.sent.map((rows) => rows.length)).to.deep.equal([5, 1]);
  });

  it("replies before it publishes, once for all that the engine did meanwhile, and never tells purchases", async () => {
    const line = await openLine();
    for (const command of [buy(GALA, 4), buy(GALA, 6), restock(GALA, 1)]) {
      line.submit(command);
      await line.carryOver();
    }
    line.carryBack();
    expect(line.diary).to.deep.equal(["reply 0", "reply 1", "reply 2", "publish 1", "publish 1"]);
    const events = line.heard.flatMap(({ events, offset }) => events.map(({ type }) => `${type} ${offset}`));
    expect(events).to.deep.equal(["sold_out 3", "restocked 4"]);
    line.carryBack();
    expect(line.diary).to.have.length(5);
  });

  it("publishes each sale's view with what happened in that sale, and with nothing else", async () => {
    const line = await openLine();
    const solo = "solo" as SaleId;
    await line.serve(create(FINAL, 5), create(solo, 5));
    line.heard.length = 0;
    for (const command of [change("pause", GALA), buy(solo), change("pause", FINAL), change("open", FINAL)]) {
      line.submit(command);
      await line.carryOver();
    }
    line.carryBack();
    const heard = line.heard.map(({ views, events }) => ({
      of: views.map(({ sale, state }) => `${sale} ${state}`),
      happened: events.map(({ type }) => type),
    }));
    expect(heard).to.deep.equal([
      { of: ["solo open"], happened: [] },
      { of: ["gala paused"], happened: ["paused"] },
      { of: ["final open"], happened: ["paused"] },
      { of: ["final open"], happened: ["opened"] },
    ]);
  });

  it("hears what others bought, though it asked nothing", async () => {
    const line = await openLine();
    await line.room.serve(buy(GALA, 3));
    line.carryBack();
    expect(line.diary).to.deep.equal(["publish 7"]);
    expect(line.counter.view(GALA)).to.include({ available: 7 });
  });

  it("gets busy for what the engine's mailbox doesn't hold, and the organiser still gets through", async () => {
    const line = new Line(await openRoom(10, { limits: { mailbox: 4, mailboxReserve: 1 } }));
    for (let i = 0; i < 5; i++) line.submit(buy(GALA));
    line.submit(change("pause", GALA), "organiser");
    await line.carryOver();
    line.carryBack();
    const byPlace = line.replies.toSorted((a, b) => a.to - b.to);
    expect(kindsOf(byPlace)).to.deep.equal(["receipt", "receipt", "receipt", "busy", "busy", "stock"]);
  });

  it("takes no more than the mailbox would hold while answers are due, but for the organiser", async () => {
    const line = await openLine(10, { mailbox: 4, mailboxReserve: 1 });
    const taken = [1, 2, 3, 4].map(() => line.submit(buy(GALA)));
    expect(taken).to.deep.equal([true, true, true, false]);
    expect(line.counter.isFull()).to.equal(true);
    expect(line.submit(change("pause", GALA), "organiser")).to.equal(true);
    expect(line.submit(change("open", GALA), "organiser")).to.equal(false);
    await line.carryOver();
    line.carryBack();
    expect(kindsOf(line.replies)).to.deep.equal(["receipt", "receipt", "receipt", "stock"]);
    expect(line.counter.isFull()).to.equal(false);
    expect(line.submit(query(GALA))).to.equal(true);
  });

  it("closed, sends what it has at once, takes no more, and still gets its answers", async () => {
    const line = await openLine();
    line.submit(buy(GALA));
    line.counter.close();
    expect(line.sent).to.have.length(1);
    expect(line.submit(buy(GALA))).to.equal(false);
    expect(line.counter.isFull()).to.equal(true);
    await line.carryOver();
    line.carryBack();
    expect(kindsOf(line.replies)).to.deep.equal(["receipt"]);
  });

  it("takes an answer to nothing for a broken link", async () => {
    const line = await openLine();
    const answer: Answer = { kind: "rejected", rejection: { reason: "sold_out" } };
    expect(() => line.counter.take({ publication: null, answers: [{ number: 1, answer }] })).to.throw(
      LinkFault,
    );
  });
});

describe("a counter's server", () => {
  it("submits nothing of a frame from the row on that is none", async () => {
    const { room, server } = await openLine();
    expect(() => server.take('[[1,"q",0,"gala"],[2,"q",0]]')).to.throw(LinkFault);
    await room.rest();
    expect(server.hasAnswers).to.equal(true);
    expect(readTurn(server.turn(Buffer.alloc(0))!.subarray(HEADER)).answers).to.have.length(1);
  });

  it("has nothing to send when nothing was answered and nothing happened", async () => {
    const { server } = await openLine();
    expect(server.turn(Buffer.alloc(0))).to.equal(null);
  });
});
