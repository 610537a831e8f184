import { expect } from "chai";
import { LIMITS } from "../src/limits.ts";

describe("limits", () => {
  it("are all greater than zero, and fit one another", () => {
    const walk = (limits: object, path: string): void => {
      for (const [name, value] of Object.entries(limits) as [string, unknown][]) {
        if (typeof value === "object" && value !== null) walk(value, `${path}${name}.`);
        else expect(value, `${path}${name}`).to.be.a("number").above(0);
      }
    };
    walk(LIMITS, "");
    const { engine, hub, output, session, rules, journal } = LIMITS;
    expect(engine.mailboxReserve).to.be.below(engine.mailbox);
    expect(hub.intervalMs).to.be.below(hub.longestIntervalMs);
    expect(hub.busyShare).to.be.at.most(hub.idleShare);
    expect(hub.idleShare).to.be.at.most(1);
    expect(hub.yielding).to.be.at.least(1);
    expect(hub.resumedNotices).to.be.at.most(hub.notices);
    expect(output.softBytes).to.be.below(output.hardBytes);
    expect(session.listedTickets).to.be.at.least(rules.maxQuantity);
    expect(journal.maxFrameBytes).to.be.below(journal.stepBytes);
  });
});
