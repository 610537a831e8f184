/**
 * People who come and go, lag, buy, and change what they want to hear, while a sale changes and rounds go on. Each of
 * them knows what it has to hear, and compares.
 */
import { expect } from "chai";
import * as fc from "fast-check";
import type { Command } from "../../src/box-office/command.ts";
import { saleState } from "../../src/box-office/sale.ts";
import { details, Listener, numbers, Stage } from "../support/audience.ts";
import { buy, change, GALA, restock } from "../support/commands.ts";

const NOTICES_KEPT = 5;

/** A listener that holds each thing it hears against what it has to hear. */
class Witness extends Listener {
  readonly #stage: Stage;
  /** The notices that it has to hear and hasn't, in order. */
  readonly due: string[] = [];
  /** Offset of the newest stock or receipt. */
  knownOffset: number;
  knownAvailable: number;
  /** Only who sees details is told it, and not by a receipt. */
  knownState: string;
  #stockOffset: number;
  watching = 0;

  constructor(stage: Stage, sees: "numbers" | "details") {
    super(sees === "details" ? details : numbers);
    this.#stage = stage;
    const sale = stage.office.sale(GALA);
    this.knownOffset = this.#stockOffset = sale.offset;
    this.knownAvailable = sale.available;
    this.knownState = saleState(sale);
    this.push.wantsPresence = sees === "details";
  }

  /** A reply told it the stock: all of it, or as a receipt does only the number. */
  told(what: "all" | "number"): void {
    const sale = this.#stage.office.sale(GALA);
    this.push.justTold = true;
    this.knownOffset = sale.offset;
    this.knownAvailable = sale.available;
    if (what === "number") this.push.knowsNumber(sale.offset);
    else {
      this.push.knowsAll(sale.offset);
      this.knownState = saleState(sale);
      this.#stockOffset = sale.offset;
    }
  }

  override hear(bytes: Buffer): void {
    for (const line of bytes.toString().split("\n").slice(0, -1)) this.#check(line, line.split(" "));
    this.#stage.time.spend(0.15);
  }

  override tooSlow(): void {
    super.tooSlow();
    const announced = this.#stage.office.history.filter(({ type }) => isNotice(type)).length;
    expect(announced - this.push.nextNotice, "only who is too late is lost").to.be.above(NOTICES_KEPT);
  }

  #check(line: string, [kind, first, second, third]: readonly string[]): void {
    expect(this.lost, "who is lost hears nothing more").to.equal(0);
    switch (kind) {
      case "stock":
        expect(this.push.wantsStock).to.equal(true);
        expect(Number(first), "stock is never older than what is known").to.be.at.least(this.knownOffset);
        expect(Number(first), "no stock comes twice").to.be.above(this.#stockOffset);
        this.knownOffset = this.#stockOffset = Number(first);
        this.knownAvailable = Number(second);
        this.knownState = third ?? this.knownState;
        break;
      case "notice":
        expect(line, "notices come in order, each once").to.equal(this.due.shift());
        break;
      default:
        this.watching = Number(first);
    }
  }
}

/** So long that no round comes for the sake of presence and covers what another round missed. */
const NEVER_MS = 1_000_000;

class Play {
  readonly stage: Stage;
  readonly #isSilent: boolean;
  readonly present: Witness[] = [];
  readonly lost: Witness[] = [];

  constructor(presenceMs: number) {
    this.#isSilent = presenceMs === NEVER_MS;
    this.stage = new Stage({ notices: NOTICES_KEPT, presenceMs }, 20);
  }

  join(sees: "numbers" | "details"): void {
    this.present.push(this.stage.join(new Witness(this.stage, sees)) as Witness);
  }

  leave(at: number): void {
    const [witness] = this.present.splice(at % Math.max(1, this.present.length), 1);
    if (witness !== undefined) this.stage.hub.leave(witness, GALA);
  }

  /** The sale changes, and whoever is there has to hear the notices it wants. */
  happen(...commands: readonly Command[]): void {
    const { history } = this.stage.office;
    const before = history.length;
    this.stage.happen(...commands);
    history.slice(before).forEach(({ type }, i) => {
      if (!isNotice(type)) return;
      for (const witness of this.present) {
        if (type === "sold_out" || witness.push.wantsNotices)
          witness.due.push(`notice ${before + i} ${type}`);
      }
    });
  }

  with(at: number, act: (witness: Witness) => void): void {
    const witness = this.present[at % Math.max(1, this.present.length)];
    if (witness !== undefined) act(witness);
  }

  wish(witness: Witness, stock: boolean, notices: boolean): void {
    this.stage.changeWishes(witness, { wantsStock: stock, wantsNotices: notices });
    // Who subscribes is told the stock by the reply.
    if (stock) witness.told("all");
  }

  sweep(): void {
    for (const witness of this.present.filter(({ lost }) => lost > 0)) {
      this.lost.push(witness);
      this.present.splice(this.present.indexOf(witness), 1);
    }
  }

  end(): void {
    const { stage } = this;
    for (const witness of this.present) {
      witness.awaitsReply = false;
      stage.drain(witness);
    }
    stage.time.settle();
    stage.time.advance(10_000);
    this.sweep();
    const sale = stage.office.sale(GALA);
    for (const witness of this.present) {
      expect(witness.due, "every notice was heard").to.deep.equal([]);
      if (witness.push.wantsStock) {
        expect(witness.knownAvailable, `of ${saleState(sale)}`).to.equal(sale.available);
        if (witness.format === details) expect(witness.knownState).to.equal(saleState(sale));
      }
      if (witness.push.wantsPresence && !this.#isSilent)
        expect(witness.watching).to.equal(stage.hub.subscribers);
    }
    for (const { lost } of this.lost) expect(lost).to.equal(1);
    expect(stage.hub.subscribers).to.equal(this.present.length);
    expect(stage.time.waiting.soon).to.equal(0);
  }
}

type Act = (play: Play) => void;

const crowd = fc.nat({ max: 40 });
const someone = fc.nat({ max: 100 });

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.integer({ min: 1, max: 4 }).map(
      (n): Act =>
        (play) =>
          play.happen(buy(GALA, n)),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Act>((play) => play.happen(buy(GALA, 1), restock(GALA, 1))) },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 5 }).map(
      (n): Act =>
        (play) =>
          play.happen(restock(GALA, n)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom("open", "pause").map(
      (type): Act =>
        (play) =>
          play.happen(change(type, GALA)),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom("numbers", "details").map(
      (sees): Act =>
        (play) =>
          play.join(sees),
    ),
  },
  {
    weight: 2,
    arbitrary: someone.map(
      (at): Act =>
        (play) =>
          play.leave(at),
    ),
  },
  {
    weight: 3,
    arbitrary: someone.map((at): Act => (play) => {
      play.with(at, (witness) => {
        witness.isReading = false;
      });
    }),
  },
  {
    weight: 3,
    arbitrary: someone.map(
      (at): Act =>
        (play) =>
          play.with(at, (one) => play.stage.drain(one)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(someone, fc.constantFrom<"all" | "number">("all", "number")).map(
      ([at, what]): Act =>
        (play) =>
          play.with(at, (one) => one.told(what)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(someone, fc.boolean()).map(([at, awaits]): Act => (play) => {
      play.with(at, (witness) => {
        witness.awaitsReply = awaits;
      });
    }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(someone, fc.boolean(), fc.boolean()).map(
      ([at, stock, notices]): Act =>
        (play) =>
          play.with(at, (one) => play.wish(one, stock, notices)),
    ),
  },
  { weight: 8, arbitrary: fc.constant<Act>((play) => play.stage.time.turn()) },
  {
    weight: 4,
    arbitrary: fc.integer({ min: 1, max: 120 }).map(
      (ms): Act =>
        (play) =>
          play.stage.time.advance(ms),
    ),
  },
);

describe("broadcast: any audience", () => {
  it("hears each notice once, no older stock after a newer one, and ends on the true value", () => {
    let lost = 0;
    fc.assert(
      fc.property(
        crowd,
        fc.array(act, { maxLength: 120, size: "max" }),
        fc.boolean(),
        (crowd, acts, silent) => {
          const play = new Play(silent ? NEVER_MS : 1_000);
          for (let i = 0; i < crowd; i++) play.join(i % 2 === 0 ? "numbers" : "details");
          for (const act of acts) {
            act(play);
            play.sweep();
          }
          play.end();
          lost += play.lost.length;
        },
      ),
      { numRuns: 300 },
    );
    expect(lost, "some were too late").to.be.above(10);
  });
});

function isNotice(type: string): boolean {
  return type !== "purchased" && type !== "sale_created";
}
