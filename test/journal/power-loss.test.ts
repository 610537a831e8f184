import { expect } from "chai";
import fc from "fast-check";
import type { SaleEvent } from "../../src/box-office/event.ts";
import type { PurchaseKey } from "../../src/box-office/sale.ts";
import type { BoxOffice } from "../../src/box-office/box-office.ts";
import { dump, history, purchased, stateAfter } from "./events.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { appendEach, open, settle, type Opened } from "./opened.ts";

const NEVER = new Promise<void>(() => undefined);

/** A log of `before` events, and one more append whose write has begun and not returned. */
async function withWriteInFlight(
  before: readonly SaleEvent[],
  last: readonly SaleEvent[],
): Promise<MemoryDisk> {
  const { disk, journal } = await open(new MemoryDisk());
  await appendEach(journal, before);
  await settle();
  disk.before = ({ kind }) => (kind === "write" ? NEVER : undefined);
  void journal.append(last);
  await settle();
  return disk;
}

function sectorsOf(disk: MemoryDisk): number {
  const { position, bytes } = disk.inFlight!;
  return Math.floor((position + bytes.length - 1) / 512) - Math.floor(position / 512) + 1;
}

/** A purchase whose frame is as long as `extra` makes it. */
function longPurchase(n: number, extra: number): SaleEvent {
  return { ...purchased(n), key: `key-${n}-${"k".repeat(extra)}` as PurchaseKey } as SaleEvent;
}

describe("journal: power loss within a write", () => {
  it("keeps what was acknowledged and cuts the rest, whichever sectors made it", async () => {
    const before = history(4);
    const last = [purchased(4), purchased(5), purchased(6)];
    const disk = await withWriteInFlight(before, last);
    const sectors = sectorsOf(disk);
    expect(sectors).to.be.at.least(2);
    for (let kept = 0; kept < 1 << sectors; kept++) {
      const found = disk.afterTornWrite((n) => (kept & (1 << n)) !== 0);
      const { state, replayed, notes } = await open(found);
      const whole = kept === (1 << sectors) - 1;
      expect(dump(state)).to.deep.equal(dump(stateAfter(whole ? [...before, ...last] : before)));
      expect(replayed.torn !== null).to.equal(!whole && kept !== 0);
      expect(notes.map(({ kind }) => kind)).to.deep.equal(replayed.torn === null ? [] : ["torn"]);
      if (replayed.torn !== null) expect(found.contents().get(replayed.torn.path)?.length).to.be.above(0);
    }
  });

  it("does so wherever the frame stands among the sectors", async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(fc.nat(600), fc.nat(500), fc.nat(), async (shift, length, kept) => {
        const before = [...history(3), longPurchase(3, shift)];
        const last = [longPurchase(4, length)];
        const disk = await withWriteInFlight(before, last);
        const whole = (1 << sectorsOf(disk)) - 1;
        const { state } = await open(disk.afterTornWrite((n) => (kept & (1 << n)) !== 0));
        const events = (kept & whole) === whole ? [...before, ...last] : before;
        expect(dump(state)).to.deep.equal(dump(stateAfter(events)));
      }),
      { numRuns: 400 },
    );
  });

  it("cuts a frame of which a short write made only the beginning, wherever that ends", async () => {
    const before = history(4);
    const disk = await withWriteInFlight(before, [purchased(4), purchased(5), purchased(6)]);
    const { bytes, position } = disk.inFlight!;
    for (let written = 1; written < bytes.length; written++) {
      const contents = disk.afterPowerLoss(() => false).contents();
      const [path] = [...contents.keys()].filter((name) => name.endsWith(".log")).slice(-1);
      bytes.copy(contents.get(path!)!, position, 0, written);
      const { state, replayed } = await open(MemoryDisk.of(contents));
      expect(dump(state), `${written} bytes`).to.deep.equal(dump(stateAfter(before)));
      expect(replayed.torn).to.not.equal(null);
    }
  });

  it("goes on selling after a cut, and the next start reads all of it", async () => {
    const before = history(4);
    const disk = await withWriteInFlight(before, [purchased(4), purchased(5), purchased(6)]);
    const second = await open(disk.afterTornWrite((n) => n === 1));
    await appendEach(second.journal, [purchased(4), purchased(5)]);
    const third = await open(second.disk.afterPowerLoss(() => false));
    expect(third.state.offset).to.equal(6);
    expect(third.replayed.torn).to.equal(null);
    expect(third.state.sales).to.deep.equal(stateAfter([...before, purchased(4), purchased(5)]).sales);
    expect(third.journal.epoch).to.equal(3);
  });
});

interface Run {
  /** Events whose append was answered, over all lives. */
  acknowledged: number;
  /** Events handed to an append that wasn't answered. */
  begun: number;
}

const LIMITS = { segmentBytes: 4_096, snapshotEveryBytes: 3_000 };

/** Opens and appends until the `crashAt`-th call to the disk, which never returns. */
async function liveUntil(disk: MemoryDisk, crashAt: number, run: Run): Promise<Opened | null> {
  let calls = 0;
  let crashed: () => void = () => undefined;
  const crash = new Promise<null>((resolve) => {
    crashed = () => resolve(null);
  });
  disk.before = () => {
    calls += 1;
    if (calls < crashAt) return undefined;
    crashed();
    return NEVER;
  };
  const live = async (): Promise<Opened> => {
    const opened = await open(disk, LIMITS);
    expectPrefix(opened.state, run);
    run.acknowledged = opened.state.offset;
    run.begun = 0;
    for (let n = 0; n < 20; n++) {
      const events = history(run.acknowledged + 1 + (n % 3)).slice(run.acknowledged);
      run.begun = events.length;
      const result = await opened.journal.append(events);
      expect(result.kind).to.equal("durable");
      run.acknowledged += events.length;
      run.begun = 0;
      if (n % 4 === 0) await settle();
    }
    return opened;
  };
  return Promise.race([live(), crash]);
}

/** What was acknowledged is there, and beyond it at most the append that was in flight, whole. */
function expectPrefix(state: BoxOffice, { acknowledged, begun }: Run): void {
  expect([acknowledged, acknowledged + begun]).to.include(state.offset);
  const expected = dump(stateAfter(history(state.offset)));
  expect(withoutEpochs(dump(state))).to.equal(withoutEpochs(expected));
}

function withoutEpochs(value: unknown): string {
  return JSON.stringify(value, (name, part: unknown) => (name === "epoch" ? 0 : part));
}

/** A number in [0, 2^32) from another, for keeping sectors by chance (xorshift, Marsaglia 2003). */
function chance(seed: number): () => number {
  let x = seed | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

describe("journal: power loss at any call to the disk", function () {
  this.timeout(120_000);

  for (const [name, keeps] of [
    ["nothing that wasn't synced is kept", () => false],
    ["everything is kept, as after kill -9", () => true],
    ["every other sector and name is kept", (n: number) => n % 2 === 0],
  ] as const) {
    it(`loses nothing acknowledged when ${name}`, async () => {
      let crashAt = 1;
      for (; ; crashAt++) {
        const run: Run = { acknowledged: 0, begun: 0 };
        const disk = new MemoryDisk();
        const finished = await liveUntil(disk, crashAt, run);
        const again = await open(disk.afterPowerLoss(keeps), LIMITS);
        expectPrefix(again.state, run);
        if (finished !== null) break;
      }
      expect(crashAt).to.be.above(60);
    });
  }

  it("loses nothing acknowledged over many lives that all end so", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 150 }), fc.nat()), { maxLength: 12 }),
        async (lives) => {
          const run: Run = { acknowledged: 0, begun: 0 };
          let disk = new MemoryDisk();
          for (const [crashAt, seed] of lives) {
            await liveUntil(disk, crashAt, run);
            const next = chance(seed);
            disk = disk.afterPowerLoss(() => next() % 2 === 0);
          }
          const { state } = await open(disk, LIMITS);
          expectPrefix(state, run);
        },
      ),
      { numRuns: 150 },
    );
  });
});
