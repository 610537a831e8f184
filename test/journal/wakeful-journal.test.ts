import { expect } from "chai";
import type { SaleEvent } from "../../src/box-office/event.ts";
import { systemClock, systemScheduler } from "../../src/engine/system.ts";
import { openMemoryJournal } from "../../src/journal/memory-journal.ts";
import { WakefulJournal } from "../../src/journal/wakeful-journal.ts";
import { ManualJournal } from "../support/manual-journal.ts";
import { ManualTime } from "../support/manual-time.ts";
import { itIsAJournal } from "./contract.ts";
import { purchased } from "./events.ts";

const LIMITS = { events: 4, ms: 2 };

describe("journal: wakeful", () => {
  describe("over another one", () => {
    const parts = { clock: systemClock, scheduler: systemScheduler, limits: { events: 2, ms: 1 } };
    itIsAJournal(() =>
      Promise.resolve(new WakefulJournal({ ...parts, journal: openMemoryJournal({ epoch: 7 }) })),
    );
  });

  describe("the event loop", () => {
    let time: ManualTime;
    let disk: ManualJournal;
    let journal: WakefulJournal;

    beforeEach(() => {
      time = new ManualTime();
      disk = new ManualJournal();
      journal = new WakefulJournal({ journal: disk, clock: time, scheduler: time, limits: LIMITS });
    });

    it("stays awake behind a large batch until it is durable", async () => {
      const appended = journal.append(batch(4));
      for (let i = 0; i < 50; i++) {
        expect(isAwake()).to.equal(true);
        time.turn();
      }
      await disk.finish();
      expect(await appended).to.deep.equal({ kind: "durable" });
      time.turn();
      expect(isAwake()).to.equal(false);
    });

    it("isn't kept awake by what is only prepared, which it passes on", () => {
      void journal.append(batch(1));
      journal.prepare(batch(4));
      expect(disk.prepared).to.deep.equal([4]);
      expect(isAwake()).to.equal(false);
    });

    it("sleeps behind a small one", () => {
      void journal.append(batch(3));
      expect(isAwake()).to.equal(false);
    });

    it("sleeps when a disk takes longer than it is worth", () => {
      void journal.append(batch(4));
      time.spend(1.9);
      time.turn();
      expect(isAwake()).to.equal(true);
      time.spend(0.2);
      time.turn();
      expect(isAwake()).to.equal(false);
    });

    it("looks once a turn, however many batches follow one another", async () => {
      for (let i = 0; i < 5; i++) {
        void journal.append(batch(4));
        await disk.finish();
      }
      void journal.append(batch(4));
      expect(time.waiting.soon).to.equal(1);
      time.turn();
      expect(time.waiting.soon).to.equal(1);
    });

    it("falls asleep behind a small batch that follows a large one", async () => {
      void journal.append(batch(4));
      await disk.finish();
      void journal.append(batch(1));
      time.turn();
      expect(isAwake()).to.equal(false);
    });

    it("passes on at once what the other one throws, which is what the engine stops for", () => {
      disk.onAppend = () => {
        throw new Error("a bug of the journal");
      };
      expect(() => journal.append(batch(4))).to.throw("a bug of the journal");
      expect(isAwake()).to.equal(false);
    });

    function isAwake(): boolean {
      return time.waiting.soon > 0;
    }
  });
});

function batch(length: number): SaleEvent[] {
  return Array.from({ length }, (_, i) => purchased(i + 1));
}
