import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { auditSale, createBoxOffice } from "../../src/box-office/box-office.ts";
import { systemClock, systemScheduler } from "../../src/engine/system.ts";
import { setAside } from "../../src/journal/data-directory.ts";
import type { JournalLimits } from "../../src/journal/limits.ts";
import type { Note } from "../../src/journal/note.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { openFileJournal } from "../../src/journal/opening.ts";
import { recountSale } from "../../src/journal/recount.ts";
import { itIsAJournal } from "./contract.ts";
import { created, dump, history, purchased, SALE, SMALL, stateAfter } from "./events.ts";
import { appendEach, rejection } from "./opened.ts";

async function open(directory: string, limits: JournalLimits = SMALL, onNote?: (note: Note) => void) {
  const state = createBoxOffice();
  const parts = { directory, limits, state, disk: nodeDisk, clock: systemClock, scheduler: systemScheduler };
  const opened = await openFileJournal({ ...parts, lock: null, ...(onNote === undefined ? {} : { onNote }) });
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

  it("has the same id at each start, and another where it is begun anew", async () => {
    const ids: string[] = [];
    for (const anew of [false, false, true]) {
      if (anew) await setAside(directory, nodeDisk, 1);
      const { journal } = await open(directory);
      ids.push(journal.id);
      await journal.close();
    }
    expect(ids[1]).to.equal(ids[0]);
    expect(ids[2])
      .to.match(/^[0-9a-f]{32}$/)
      .and.not.equal(ids[0]);
  });

  it("goes on in a new segment when one is full, and in the same epoch", async () => {
    const { journal } = await open(directory);
    for (const event of history(100)) await journal.append([event]);
    await journal.close();
    const names = (await readdir(join(directory, "journal"))).filter((name) => name.endsWith(".log"));
    expect(names.length).to.be.above(3);
    const { journal: next, state } = await open(directory);
    await next.close();
    const receipts = [...state.purchases!.ofSale(SALE)];
    expect(new Set(receipts.map(({ epoch }) => epoch))).to.deep.equal(new Set([1]));
  });

  it("folds a snapshot and recounts in threads of their own, beside a journal that goes on", async () => {
    const limits = { ...SMALL, snapshotEveryBytes: 20_000 };
    const events = history(200);
    let folded: (note: Note) => void = () => undefined;
    const snapshot = new Promise<Note>((resolve) => (folded = resolve));
    const { journal } = await open(directory, limits, (note) => folded(note));
    for (const event of events) await journal.append([event]);
    expect(await snapshot).to.have.property("kind", "snapshot");
    const { maxFrameBytes } = SMALL;
    const [audit] = await Promise.all([
      recountSale({ directory, sale: SALE, upTo: 200, maxFrameBytes }),
      journal.append([purchased(200)]),
    ]);
    expect(audit).to.deep.equal(auditSale(stateAfter(events).sales.get(SALE)!, 200));
    await journal.close();
    const again = await open(directory, limits);
    await again.journal.close();
    expect(again.replayed.snapshotOffset).to.be.above(0);
    expect(dump(again.state)).to.deep.equal(dump(stateAfter([...events, purchased(200)])));
  });

  it("says in whose words a thread failed", async () => {
    const { journal } = await open(directory);
    await journal.append([created()]);
    const { maxFrameBytes } = SMALL;
    const error = await rejection(
      recountSale({ directory, sale: "none" as typeof SALE, upTo: 1, maxFrameBytes }),
    );
    expect(error.message).to.contain('no sale "none" exists');
    await journal.close();
  });

  it("writes each batch as JSON that a person can read", async () => {
    const { journal } = await open(directory);
    await journal.append([created(), purchased(1)]);
    await journal.close();
    const text = await readFile(join(directory, "journal", "0000000000000000.log"), "utf8");
    expect(text).to.match(/^BILHETERIA-SEGMENT \{"version":1,"log":"[0-9a-f]{32}","epoch":1,"first":0,/);
    expect(text).to.contain(`${JSON.stringify([created(), purchased(1)])}\n`);
  });

  it("is set aside without losing a file, as often as asked, and begins anew", async () => {
    const at = Date.UTC(2026, 10, 21, 6, 20);
    for (let i = 0; i < 2; i++) {
      const { journal } = await open(directory);
      expect(journal.epoch).to.equal(1);
      await appendEach(journal, history(3));
      await journal.close();
      expect(await setAside(directory, nodeDisk, at)).to.have.length(2);
    }
    expect((await readdir(directory)).sort()).to.deep.equal([
      "journal.2026-11-21T06-20-00Z",
      "journal.2026-11-21T06-20-00Z-2",
      "snapshots.2026-11-21T06-20-00Z",
      "snapshots.2026-11-21T06-20-00Z-2",
    ]);
    expect(await setAside(directory, nodeDisk, at)).to.deep.equal([]);
  });

  it("refuses limits that contradict each other", async () => {
    for (const limits of [{ stepBytes: 1_000 }, { segmentBytes: 3_000 }, { maxFrameBytes: 2_000 }]) {
      expect(await rejection(open(directory, { ...SMALL, ...limits }))).to.be.instanceOf(RangeError);
    }
  });
});
