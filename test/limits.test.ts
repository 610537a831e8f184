import { expect } from "chai";
import type { SaleView } from "../src/box-office/sale.ts";
import type { Welcome } from "../src/cluster/notes.ts";
import type { OffsetEvent } from "../src/cluster/turn-codec.ts";
import { LIMITS } from "../src/limits.ts";
import { longestLine } from "../src/observability/command-log.ts";

describe("limits", () => {
  it("are all greater than zero, and fit one another", () => {
    const walk = (limits: object, path: string): void => {
      for (const [name, value] of Object.entries(limits) as [string, unknown][]) {
        if (typeof value === "object" && value !== null) walk(value, `${path}${name}.`);
        else expect(value, `${path}${name}`).to.be.a("number").above(0);
      }
    };
    walk(LIMITS, "");
    const { engine, hub, output, session, rules, journal, log } = LIMITS;
    expect(engine.mailboxReserve).to.be.below(engine.mailbox);
    expect(hub.intervalMs).to.be.below(hub.longestIntervalMs);
    expect(hub.busyShare).to.be.at.most(hub.idleShare);
    expect(hub.idleShare).to.be.at.most(1);
    expect(hub.yielding).to.be.at.least(1);
    expect(hub.resumedNotices).to.be.at.most(hub.notices);
    expect(output.softBytes).to.be.below(output.hardBytes);
    expect(session.listedTickets).to.be.at.least(rules.maxQuantity);
    expect(journal.maxFrameBytes).to.be.below(journal.stepBytes);
    // Lines that are handed over together are dropped together where they don't fit.
    expect(log.batchLines * longestLine(log)).to.be.below(log.waitingBytes);
  });

  it("leave the parts of a stop their time, with gateway processes or without", () => {
    const { stop, workers } = LIMITS;
    expect(workers.closeMs).to.be.below(stop.drainMs);
    expect(stop.lingerMs + workers.leaveMs).to.be.at.most(stop.closeMs);
    expect(stop.drainMs + stop.closeMs).to.be.below(stop.deadlineMs);
  });

  it("leave a frame room for the welcome of a worker, however many sales there are", () => {
    const { rules, workers } = LIMITS;
    const instant = Date.now();
    const sale = "s".repeat(64) as SaleView["sale"];
    const figures = { capacity: rules.maxCapacity, available: rules.maxCapacity, held: 0, sold: 0 };
    const at = {
      position: { epoch: 2 ** 48, offset: 2 ** 48 },
      at: instant,
      opensAt: instant,
      closesAt: instant,
    };
    // The longest title, of characters that take the most room.
    const view: SaleView = { sale, title: "\u0001".repeat(200), state: "scheduled", ...figures, ...at };
    const event: OffsetEvent = {
      offset: 2 ** 48,
      event: { v: 1, type: "restocked", sale, at: instant, quantity: rules.maxCapacity },
    };
    const audience: Welcome["elsewhere"]["audiences"][number] = [sale, 1_000_000];
    const bytes =
      rules.maxSales * (lengthOf(view) + lengthOf(audience)) + workers.recentEvents * lengthOf(event);
    // What is left is for the addresses of a quarter of a million sockets.
    expect(bytes).to.be.below(
      workers.frameBytes - 250_000 * lengthOf(["2001:db8:1234:5678:9abc:def0:1234:5678", 1]),
    );
  });
});

/** With the comma behind it. */
function lengthOf(value: unknown): number {
  return JSON.stringify(value).length + 1;
}
