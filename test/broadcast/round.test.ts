import { expect } from "chai";
import * as fc from "fast-check";
import { Pace, type PaceLimits } from "../../src/broadcast/pace.ts";
import { Round, type RoundLimits } from "../../src/broadcast/round.ts";
import { ManualTime } from "../support/manual-time.ts";

/** The share is the same however busy the loop is. */
const LIMITS: PaceLimits & RoundLimits = {
  intervalMs: 50,
  longestIntervalMs: 400,
  sliceMs: 1,
  lookMs: 50,
  busyShare: 0.1,
  idleShare: 0.1,
  yielding: 1,
};

class Member {
  knows: number;
  /** How often it was glanced at. */
  glances = 0;

  constructor(knows: number) {
    this.knows = knows;
  }

  glance(): number {
    this.glances += 1;
    return 1;
  }
}

/** Members that learn the newest version when they are visited, and what visiting them costs. */
class Audience {
  readonly time = new ManualTime();
  readonly members: Member[] = [];
  readonly visits: Member[] = [];
  readonly round: Round<Member>;
  onVisit: (member: Member) => void = () => {};
  version = 0;
  costMs: number;

  constructor(size: number, costMs = 0) {
    this.costMs = costMs;
    for (let i = 0; i < size; i++) this.members.push(new Member(0));
    const visit = (member: Member): void => {
      member.knows = this.version;
      this.visits.push(member);
      this.onVisit(member);
      this.time.spend(this.costMs);
    };
    const parts = { clock: this.time, scheduler: this.time, loop: this.time, limits: LIMITS };
    this.round = new Round(this.members, visit, { ...parts, pace: new Pace(parts) });
  }

  /** Somebody comes who knows what is newest. */
  add(): void {
    this.members.push(new Member(this.version));
    this.round.memberCame();
  }

  /** As a channel does it: the last takes the place of the one that leaves. */
  remove(at: number): void {
    const last = this.members.pop();
    if (last !== undefined && at < this.members.length) this.members[at] = last;
    this.round.memberMoved();
  }

  change(urgent = false): void {
    this.version += 1;
    this.round.request(urgent);
  }

  /** How long after a change everybody had been visited again. */
  lagMs(): number {
    const asked = this.time.monotonic();
    this.change();
    for (let waited = 0; waited < 5_000; waited += 5) {
      this.time.settle();
      if (this.members.every(({ knows }) => knows === this.version)) return this.time.monotonic() - asked;
      this.time.advance(5);
    }
    return Number.POSITIVE_INFINITY;
  }
}

describe("broadcast: a round", () => {
  it("visits everybody once", () => {
    const audience = new Audience(100);
    audience.change();
    audience.time.settle();
    expect(new Set(audience.visits).size).to.equal(100);
    expect(audience.visits).to.have.length(100);
  });

  it("glances at each of a few members before the first of them is visited, wherever it begins", () => {
    const audience = new Audience(40);
    for (let round = 1; round <= 5; round++) {
      audience.visits.length = 0;
      audience.onVisit = (member) => {
        expect(member.glances).to.equal(round);
        const ahead = audience.members.filter(({ glances }) => glances === round).length;
        expect(ahead - audience.visits.length).to.be.within(0, 15);
        if (audience.visits.length % 16 === 1)
          expect(ahead).to.be.at.least(Math.min(40, audience.visits.length + 15));
      };
      audience.version += 1;
      audience.round.request(true);
      audience.time.settle();
      expect(audience.visits).to.have.length(40);
      expect(audience.round.glanced).to.equal(40 % 16);
    }
  });

  it("doesn't visit anybody before the loop has turned", () => {
    const audience = new Audience(3);
    audience.change();
    expect(audience.visits).to.deep.equal([]);
  });

  it("lets the loop turn after each slice of time", () => {
    const audience = new Audience(160, 0.05);
    audience.change();
    const perTurn: number[] = [];
    while (audience.time.waiting.soon > 0) {
      const before = audience.visits.length;
      audience.time.turn();
      perTurn.push(audience.visits.length - before);
    }
    // Twenty visits make a millisecond; the clock is looked at every sixteen.
    expect(perTurn).to.deep.equal([32, 32, 32, 32, 32]);
  });

  it("gives whoever is visited in a later slice what is newest then", () => {
    const audience = new Audience(64, 0.1);
    audience.change();
    audience.time.turn();
    audience.change();
    audience.time.turn();
    expect(audience.visits.at(-1)).to.include({ knows: 2 });
    audience.time.settle();
    audience.time.advance(1_000);
    expect(audience.members.every(({ knows }) => knows === 2)).to.equal(true);
  });

  it("begins somewhere else each time, so that nobody is always last", () => {
    const audience = new Audience(60);
    const first = new Set<Member>();
    for (let i = 0; i < 60; i++) {
      audience.visits.length = 0;
      audience.change();
      audience.time.settle();
      first.add(audience.visits[0]!);
      audience.time.advance(60);
    }
    expect(first.size).to.be.at.least(20);
  });

  it("goes by everybody in the order of the one before while changes keep coming, so that all wait equally long", () => {
    const audience = new Audience(100, 0.05);
    const toldAt = new Map<Member, number>();
    const gaps: number[] = [];
    audience.onVisit = (member) => {
      const now = audience.time.monotonic();
      const before = toldAt.get(member);
      if (before !== undefined) gaps.push(now - before);
      toldAt.set(member, now);
    };
    for (let i = 0; i < 100; i++) {
      audience.change();
      audience.time.settle();
      audience.time.advance(5);
    }
    expect(gaps.length).to.be.at.least(500);
    expect(Math.max(...gaps) - Math.min(...gaps)).to.be.at.most(5);
  });

  it("follows the one before after the interval, not earlier", () => {
    const audience = new Audience(5);
    audience.change();
    audience.time.settle();
    audience.change();
    audience.time.advance(49);
    expect(audience.visits).to.have.length(5);
    audience.time.advance(1);
    expect(audience.visits).to.have.length(10);
  });

  it("that is urgent doesn't wait for the interval, and takes the place of the one that waited", () => {
    const audience = new Audience(5);
    audience.change();
    audience.time.settle();
    audience.change();
    audience.change(true);
    audience.time.settle();
    expect(audience.visits).to.have.length(10);
    audience.time.advance(1_000);
    expect(audience.visits).to.have.length(10);
    expect(audience.time.waiting).to.deep.equal({ soon: 0, timers: 0 });
  });

  it("that becomes urgent under way visits everybody again without waiting", () => {
    const audience = new Audience(64, 0.1);
    audience.change();
    audience.time.turn();
    audience.change(true);
    audience.time.settle();
    expect(audience.members.every(({ knows }) => knows === 2)).to.equal(true);
  });

  it("that costs more comes less often, up to the longest interval; when it costs less again, more often", () => {
    const audience = new Audience(100, 0);
    audience.lagMs();
    expect(audience.lagMs()).to.equal(50);
    audience.costMs = 0.1;
    audience.lagMs();
    // Ten milliseconds of work at a tenth of the loop: a hundred from start to start.
    expect(audience.lagMs()).to.be.within(90, 110);
    audience.costMs = 10;
    audience.lagMs();
    const began = audience.time.monotonic();
    audience.change();
    audience.time.settle();
    audience.costMs = 0;
    audience.time.advance(400);
    expect(audience.members.every(({ knows }) => knows === audience.version)).to.equal(true);
    expect(audience.time.monotonic() - began).to.be.at.most(2_000);
    audience.lagMs();
    expect(audience.lagMs()).to.equal(50);
  });

  it("over nobody ends", () => {
    const audience = new Audience(0);
    audience.change();
    audience.change(true);
    audience.time.settle();
    audience.time.advance(1_000);
    expect(audience.time.waiting).to.deep.equal({ soon: 0, timers: 0 });
  });

  it("leaves nobody behind, whoever comes and goes while it is under way", () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant((audience: Audience) => audience.change()) },
      { weight: 1, arbitrary: fc.constant((audience: Audience) => audience.change(true)) },
      { weight: 3, arbitrary: fc.constant((audience: Audience) => audience.add()) },
      {
        weight: 3,
        arbitrary: fc
          .nat()
          .map((at) => (audience: Audience) => audience.remove(at % (audience.members.length + 1))),
      },
      { weight: 6, arbitrary: fc.constant((audience: Audience) => audience.time.turn()) },
      {
        weight: 2,
        arbitrary: fc.nat({ max: 80 }).map((ms) => (audience: Audience) => audience.time.advance(ms)),
      },
    );
    fc.assert(
      fc.property(fc.nat({ max: 60 }), fc.array(step, { maxLength: 60, size: "max" }), (size, steps) => {
        const audience = new Audience(size, 0.1);
        for (const act of steps) act(audience);
        audience.time.settle();
        audience.time.advance(2_000);
        expect(audience.members.every(({ knows }) => knows === audience.version)).to.equal(true);
        expect(audience.time.waiting).to.deep.equal({ soon: 0, timers: 0 });
      }),
      { numRuns: 300 },
    );
  });
});
