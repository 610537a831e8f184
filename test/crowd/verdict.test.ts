/** Each check of the verdict is seen to fail once, against a box office that breaks the promise. */
import { expect } from "chai";
import type { CrowdResult } from "../../src/crowd/result.ts";
import { Remainings } from "../../src/crowd/remainings.ts";
import { sumUp, Tally } from "../../src/crowd/tally.ts";
import { CHECKS, judge, verdictOf, type CheckName, type Evidence } from "../../src/crowd/verdict.ts";
import type { Lie } from "../loadtest/stub-office.ts";
import { brokenChecks, meetStub } from "./meeting-stub.ts";

/** Each lie with the checks that it must break, and no others. */
const LIES: readonly (readonly [Lie, readonly CheckName[], string[]?])[] = [
  ["oversells", ["stock", "audit", "remaining_once"]],
  ["keeps the last ticket", ["stock", "audit", "remaining_all", "notice_once", "stock_falls"]],
  ["repeats a remaining number", ["remaining_once", "remaining_all"]],
  ["answers a purchase with a negative number", ["stock", "ledger", "remaining_not_negative"]],
  ["goes negative", ["remaining_not_negative"]],
  ["stock rises", ["stock_falls"]],
  ["pushes the same stock twice", ["stock_falls"]],
  ["skips an AVISO", ["notice_once"]],
  ["sends two AVISOs", ["notice_once"]],
  ["sends one AVISO late", ["notice_in_time"], ["--notice-within", "2000", "--listen", "2"]],
  ["AVISO before zero", ["notice_once"]],
  ["AVISO to newcomers", ["notice_newcomers"]],
  ["answers nonsense", ["replies"]],
  ["answers twice", ["replies"]],
  ["answers rubbish as if it were a question", ["replies"], ["--chaos", "--users", "60"]],
  ["refuses by rate", ["replies"]],
  ["never answers one", ["complete", "replies"]],
  ["drops one", ["complete", "connections"]],
  ["refuses one handshake", ["complete", "connections"]],
  ["audit does not balance", ["audit"]],
  ["audit hides a sale", ["ledger"]],
  ["audit invents a sale", ["ledger"]],
  ["audit loses a code", ["audit"]],
];

/** Runs that may be under way at once: most of each is waiting. */
const AT_ONCE = 4;

describe("the verdict of the crowd", function () {
  this.timeout(120_000);
  const results = new Map<Lie, Promise<CrowdResult>>();

  before(() => {
    const lanes: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
    LIES.forEach(([lie, , flags], i) => {
      const result = (lanes[i % AT_ONCE] ?? Promise.resolve()).then(() => meetStub(lie, flags));
      lanes[i % AT_ONCE] = result.catch(() => {});
      results.set(lie, result);
    });
  });

  it("passes a box office that keeps its promises, with every check kept", async () => {
    const result = await meetStub("none");
    expect(result.checks.filter(({ state }) => state !== "kept")).to.deep.equal([]);
    expect(result).to.include({ verdict: "passed", bought: 10, available: 10, processes: 2 });
    expect(result.notices).to.deep.equal({ heard: 12, owed: 12, heardOnce: 12, newcomers: 4 });
    expect(result.users).to.deep.equal({ all: 12, ws: 6, tcp: 6, unruly: 0 });
    expect(result.rounds.played).to.equal(result.rounds.planned);
  });

  it("has a lie for each check", () => {
    const broken = new Set(LIES.flatMap(([, checks]) => checks));
    expect([...broken]).to.have.members(Object.keys(CHECKS));
  });

  for (const [lie, checks] of LIES) {
    it(`fails a box office that lies: ${lie}`, async () => {
      const result = await results.get(lie)!;
      const told = JSON.stringify(result, null, 1);
      expect(brokenChecks(result), told).to.have.members(checks);
      expect(result.verdict).to.equal("failed");
    });
  }
});

describe("the verdict of a crowd whose buyers vanished unanswered", () => {
  for (const [title, { sold, answered, vanished }, broken] of [
    ["passes where some of them bought", { sold: 10, answered: 8, vanished: 3 }, []],
    ["passes where none of them bought", { sold: 10, answered: 10, vanished: 3 }, []],
    [
      "fails where more was sold than they can have bought",
      { sold: 10, answered: 7, vanished: 2 },
      ["stock", "ledger", "remaining_all"],
    ],
    [
      "fails where less was sold than was answered",
      { sold: 9, answered: 10, vanished: 3 },
      ["ledger", "audit"],
    ],
    [
      "fails where the missing sales aren't in the books",
      { sold: 8, answered: 8, vanished: 2 },
      ["stock", "audit", "remaining_all"],
    ],
  ] as const) {
    it(title, () => {
      const checks = judge(evidence(sold, answered, vanished));
      const names = checks.filter(({ state }) => state === "broken").map(({ name }) => name);
      expect(names).to.have.members(broken);
    });
  }

  it("fails where one of the values that are missing was answered twice", () => {
    const twice = evidence(10, 8, 2);
    twice.outcome.remainings.add(9);
    const names = judge(twice).filter(({ state }) => state === "broken");
    expect(names.map(({ name }) => name)).to.deep.equal(["remaining_once"]);
  });
});

describe("the verdict of a crowd that saw no end", () => {
  it("leaves what it would have to say of the AVISO open, and passes nothing", () => {
    const checks = judge(evidence(5, 5, 0));
    const open = checks.filter(({ state }) => state === "open").map(({ name }) => name);
    expect(open).to.deep.equal(["notice_once", "notice_in_time", "notice_newcomers"]);
    expect(verdictOf(checks, evidence(5, 5, 0).outcome)).to.equal("failed");
  });

  it("is neither passed nor failed for what is missing after an interruption", () => {
    const cut = evidence(5, 5, 0);
    const outcome = { ...cut.outcome, interrupted: true };
    const checks = judge({ ...cut, outcome });
    expect(checks.filter(({ state }) => state !== "open")).to.deep.equal([]);
    expect(verdictOf(checks, outcome)).to.equal("interrupted");
  });

  it("fails after an interruption too for what no rest of the run could have mended", () => {
    const cut = evidence(5, 5, 0);
    cut.outcome.remainings.add(9);
    const outcome = { ...cut.outcome, interrupted: true };
    expect(verdictOf(judge({ ...cut, outcome }), outcome)).to.equal("failed");
  });
});

/** Ten tickets, of which the highest numbers were answered. */
function evidence(sold: number, answered: number, vanished: number): Evidence {
  const tally = new Tally(5);
  Object.assign(tally.counts, { bought: answered, vanished });
  const remainings = new Remainings(10);
  for (let i = 0; i < answered; i++) remainings.add(9 - i);
  return {
    opening: { state: "open", available: 10, capacity: 10, sold: 0 },
    audit: { capacity: 10, available: 10 - sold, held: 0, sold, tickets: sold, balanced: true },
    noticeWithinMs: 5_000,
    outcome: {
      sums: sumUp([tally.news()], 5),
      remainings,
      processes: 1,
      died: 0,
      interrupted: false,
      elapsedMs: 1_000,
    },
  };
}
