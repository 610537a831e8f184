/** What every journal does, whatever it is made of. Each implementation's test file runs this suite. */
import { expect } from "chai";
import type { Journal } from "../../src/engine/ports.ts";
import { created, purchased } from "./events.ts";

export function itIsAJournal(open: () => Promise<Journal>): void {
  let journal: Journal;
  beforeEach(async () => {
    journal = await open();
  });
  afterEach(() => journal.close());

  it("answers durable once events are taken", async () => {
    expect(await journal.append([created()])).to.deep.equal({ kind: "durable" });
  });

  it("takes one append after the other", async () => {
    for (let i = 0; i < 20; i++) {
      const result = await journal.append([i === 0 ? created() : purchased(i)]);
      expect(result.kind).to.equal("durable");
    }
  });

  it("takes an append without events", async () => {
    expect(await journal.append([])).to.deep.equal({ kind: "durable" });
  });

  it("has an epoch of at least one, room and good health when it is opened", () => {
    expect(journal.epoch).to.be.at.least(1);
    expect(journal.hasRoom()).to.equal(true);
    expect(journal.health()).to.deep.equal({ ok: true });
  });

  it("takes an append of many events and counts in bytes what fits", async () => {
    expect(journal.maxAppendBytes).to.be.above(1_000);
    const events = [created(), purchased(1), purchased(2), purchased(3)];
    expect((await journal.append(events)).kind).to.equal("durable");
  });

  it("may be told of the next append while one is in flight, and takes it or another one", async () => {
    const first = journal.append([created()]);
    const events = [purchased(1)];
    journal.prepare?.(events);
    events.push(purchased(2));
    journal.prepare?.(events);
    expect((await first).kind).to.equal("durable");
    expect((await journal.append(events)).kind).to.equal("durable");
    journal.prepare?.([purchased(9)]);
    expect((await journal.append([purchased(3)])).kind).to.equal("durable");
    await journal.close();
    journal.prepare?.([purchased(4)]);
  });

  it("takes nothing once it is closed, and says so", async () => {
    await journal.close();
    const result = await journal.append([created()]);
    expect(result).to.include({ kind: "unknown", message: "the journal is closed" });
    expect(journal.health()).to.include({ ok: false });
  });

  it("may be closed twice", async () => {
    await journal.close();
    await journal.close();
  });

  it("waits with closing for the append in flight", async () => {
    const appended = journal.append([created()]);
    await journal.close();
    expect((await appended).kind).to.equal("durable");
  });
}
