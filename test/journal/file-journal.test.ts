import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createBoxOffice } from "../../src/box-office/box-office.ts";
import { systemClock, systemScheduler } from "../../src/engine/system.ts";
import type { JournalLimits } from "../../src/journal/limits.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { openFileJournal } from "../../src/journal/opening.ts";
import { itIsAJournal } from "./contract.ts";
import { dump, history, SMALL, stateAfter } from "./events.ts";

async function open(directory: string, limits: JournalLimits = SMALL) {
  const state = createBoxOffice();
  const parts = { directory, limits, state, disk: nodeDisk, clock: systemClock, scheduler: systemScheduler };
  const opened = await openFileJournal({ ...parts, lock: null });
  return { ...opened, state };
}

describe("journal: file", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "journal-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  describe("like every journal", () => {
    itIsAJournal(async () => (await open(directory)).journal);
  });

  it("replays to the state before the stop", async () => {
    const events = history(100);
    const { journal } = await open(directory);
    for (const event of events) expect((await journal.append([event])).kind).to.equal("durable");
    await journal.close();
    const again = await open(directory);
    await again.journal.close();
    expect(dump(again.state)).to.deep.equal(dump(stateAfter(events)));
    expect(again.replayed.events).to.equal(100);
    expect(again.journal.epoch).to.equal(2);
  });

  it("goes on in a new segment when one is full, and in the same epoch", async () => {
    const { journal } = await open(directory);
    for (const event of history(100)) await journal.append([event]);
    await journal.close();
    const names = (await readdir(join(directory, "journal"))).filter((name) => name.endsWith(".log"));
    expect(names.length).to.be.above(3);
    const { state } = await open(directory).then(async (again) => (await again.journal.close(), again));
    const receipts = [...(state.purchases?.ofSale([...state.sales.keys()][0]!) ?? [])];
    expect(new Set(receipts.map(({ epoch }) => epoch))).to.deep.equal(new Set([1]));
  });
});
