import { expect } from "chai";
import { recruit } from "../../src/cluster/recruit.ts";

describe("a recruit", () => {
  it("whose process can't be made is one that has ended, and says why", async () => {
    // No program has a name like this, which Node says before it asks the system.
    const lost = recruit("no\0program");
    expect(await lost.ended).to.match(/null bytes/);
    expect(lost.socket.destroyed).to.equal(true);
    lost.kill();
  });
});
