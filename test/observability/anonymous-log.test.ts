import { expect } from "chai";
import type { Peer } from "../../src/engine/ports.ts";
import { AnonymousLog } from "../../src/observability/anonymous-log.ts";

describe("observability: a command log without addresses", () => {
  it("names each peer by its port and transport alone, and one peer's lines by one object", () => {
    const records: unknown[][] = [];
    const log = new AnonymousLog({ record: (...record) => records.push(record) });
    const ana: Peer = { address: "192.0.2.1", port: 1, transport: "ws" };
    const bia: Peer = { address: "192.0.2.2", port: 2, transport: "tcp" };
    for (const peer of [ana, ana, bia, ana])
      log.record(5, peer, "COMPRAR 1", "sold", { order: 3, remaining: 7 });
    const named = (port: number, transport: Peer["transport"]): Peer => ({ address: "-", port, transport });
    expect(records.map(([, peer]) => peer)).to.deep.equal([
      named(1, "ws"),
      named(1, "ws"),
      named(2, "tcp"),
      named(1, "ws"),
    ]);
    expect(records[1]![1]).to.equal(records[0]![1]);
    expect(records[2]).to.deep.equal([5, named(2, "tcp"), "COMPRAR 1", "sold", { order: 3, remaining: 7 }]);
    expect(ana.address).to.equal("192.0.2.1");
  });
});
