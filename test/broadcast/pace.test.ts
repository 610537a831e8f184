import { expect } from "chai";
import * as fc from "fast-check";
import { Pace, systemLoop, type PaceLimits } from "../../src/broadcast/pace.ts";
import { Round } from "../../src/broadcast/round.ts";
import { ManualTime } from "../support/manual-time.ts";

const LIMITS: PaceLimits = {
  intervalMs: 50,
  longestIntervalMs: 2_000,
  lookMs: 50,
  busyShare: 0.2,
  idleShare: 0.9,
  yielding: 1.5,
};

/** A loop on which rounds follow one another as soon as they may, beside everything else that keeps it busy. */
class Loop {
  readonly time = new ManualTime();
  readonly pace = new Pace({ clock: this.time, loop: this.time, limits: LIMITS });

  /**
   * One round and the pause behind it.
   *
   * @param busyFor what else the loop does in the pause, of so many milliseconds, when the whole took so many.
   * @param betweenMs what else it does behind each millisecond of the round.
   * @returns the rounds' share of the time.
   */
  goRound(costMs: number, busyFor: (freeMs: number, allMs: number) => number, betweenMs = 0): number {
    const startedAt = this.time.monotonic();
    for (let slice = 0; slice < costMs; slice++) {
      this.time.spend(1 + betweenMs);
      this.pace.spend(1);
    }
    this.pace.pay(startedAt, costMs);
    const now = this.time.monotonic();
    const freeMs = Math.max(0, this.pace.next(startedAt, costMs) - now);
    const allMs = now - startedAt + freeMs;
    const busyMs = Math.min(freeMs, busyFor(freeMs, allMs));
    this.time.spend(busyMs);
    this.time.advance(freeMs - busyMs);
    return costMs / allMs;
  }

  /** The share that it comes to after a while. */
  settle(costMs: number, busyFor: (freeMs: number, allMs: number) => number): number {
    this.time.advance(1_000);
    let share = 0;
    for (let i = 0; i < 100; i++) share = this.goRound(costMs, busyFor);
    return share;
  }
}

describe("broadcast: the pace of rounds", () => {
  it("lets them nearly fill a loop that has nothing else to do", () => {
    expect(new Loop().settle(90, () => 0)).to.be.closeTo(0.9, 1e-9);
  });

  it("never makes them come more often than the shortest interval, nor less often than the longest", () => {
    const round = fc.record({
      costMs: fc.nat({ max: 600 }),
      betweenMs: fc.constantFrom(0, 0.4, 3),
      busy: fc.constantFrom(0, 0.3, 0.7, 1),
      laterMs: fc.nat({ max: 300 }),
    });
    fc.assert(
      fc.property(fc.array(round, { minLength: 1, maxLength: 30 }), (rounds) => {
        const { time, pace } = new Loop();
        for (const { costMs, betweenMs, busy, laterMs } of rounds) {
          const startedAt = time.monotonic();
          time.spend(costMs * (1 + betweenMs));
          pace.spend(costMs);
          pace.pay(startedAt, costMs);
          time.spend(busy * laterMs);
          time.advance((1 - busy) * laterMs);
          const intervalMs = pace.next(startedAt, costMs) - startedAt;
          expect(intervalMs).to.be.within(LIMITS.intervalMs - 1e-6, LIMITS.longestIntervalMs + 1e-6);
        }
      }),
    );
    expect(new Loop().settle(1, () => 0)).to.be.closeTo(1 / 50, 1e-9);
    expect(new Loop().settle(500, (freeMs) => freeMs)).to.be.closeTo(500 / 2_000, 1e-9);
  });

  it("makes them give up more than what everything else takes", () => {
    for (const load of [0.1, 0.2, 0.4]) {
      const share = new Loop().settle(90, (_, allMs) => load * allMs);
      expect(share, `beside ${load}`).to.be.closeTo(0.9 - 1.5 * load, 1e-9);
    }
  });

  it("leaves them the small share of a loop that is busy all the time", () => {
    expect(new Loop().settle(90, (freeMs) => freeMs)).to.be.closeTo(0.2, 1e-9);
  });

  it("holds them to the small share beside buyers who wait for each answer, though these ask less when rounds take more", () => {
    for (const alone of [0.65, 0.8, 0.95]) {
      const share = new Loop().settle(90, (freeMs) => alone * freeMs);
      expect(share, `buyers that alone take ${alone}`).to.be.closeTo(0.2, 0.01);
    }
  });

  it("falls within a second and a half when a crowd comes", () => {
    const loop = new Loop();
    loop.settle(90, () => 0);
    const cameAt = loop.time.monotonic();
    while (loop.goRound(90, (freeMs) => freeMs, 0.4) > 0.2);
    expect(loop.time.monotonic() - cameAt).to.be.at.most(1_500);
  });

  it("doesn't fall for a single measurement that is off", () => {
    const loop = new Loop();
    const usual = (_: number, allMs: number): number => 0.2 * allMs;
    const share = loop.settle(90, usual);
    loop.goRound(90, (freeMs) => freeMs);
    expect(loop.goRound(90, usual)).to.be.closeTo(share, 1e-9);
  });

  it("rises when the crowd has gone, also in the pause that was measured by the crowd", () => {
    const loop = new Loop();
    loop.settle(90, (freeMs) => freeMs);
    const { time, pace } = loop;
    const startedAt = time.monotonic();
    time.spend(90);
    pace.spend(90);
    pace.pay(startedAt, 90);
    expect(pace.next(startedAt, 90) - startedAt).to.be.closeTo(450, 1e-9);
    time.advance(100);
    expect(pace.next(startedAt, 90) - startedAt).to.be.below(250);
  });

  it("is one for all channels: however many are told, together they take no more than their share", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1, max: 60, noNaN: true }), { minLength: 1, maxLength: 6 }),
        (costs) => {
          const time = new ManualTime();
          const parts = {
            clock: time,
            scheduler: time,
            // Something else takes all that rounds leave.
            loop: { busyMs: () => time.monotonic() },
            limits: { ...LIMITS, sliceMs: 1 },
          };
          const pace = new Pace(parts);
          let spentMs = 0;
          const rounds = costs.map((costMs) => {
            const visit = (): void => {
              time.spend(costMs);
              spentMs += costMs;
            };
            return new Round([{ glance: () => 0 }], visit, { ...parts, pace });
          });
          while (time.monotonic() < 10_000) {
            for (const round of rounds) round.request(false);
            time.settle();
            time.advance(5);
          }
          // The first rounds come before anything is known of the loop, and the last are paid for afterwards.
          const oneEach = costs.reduce((sum, costMs) => sum + costMs, 0);
          expect(spentMs).to.be.at.most(LIMITS.busyShare * time.monotonic() + 3 * oneEach);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("sees a real loop's work, and not its rest", async () => {
    const before = systemLoop.busyMs();
    const started = performance.now();
    while (performance.now() - started < 30);
    const worked = systemLoop.busyMs() - before;
    await new Promise((resolve) => setTimeout(resolve, 100));
    const all = performance.now() - started;
    expect(worked).to.be.at.least(25);
    expect(systemLoop.busyMs() - before).to.be.at.most(all - 50);
  });
});
