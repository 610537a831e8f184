import { expect } from "chai";
import { Admission } from "../../src/gateway/admission.ts";

const SOMEONE = "203.0.113.7";

describe("admission", () => {
  it("counts what an address has in other processes, and lets it in again when that falls", () => {
    const admission = new Admission(100, 3);
    admission.hearElsewhere(SOMEONE, 2);
    expect(admission.enter(SOMEONE)).to.equal(true);
    expect(admission.enter(SOMEONE)).to.equal(false);
    expect(admission.enter("203.0.113.8")).to.equal(true);
    admission.hearElsewhere(SOMEONE, 1);
    expect(admission.enter(SOMEONE)).to.equal(true);
    admission.hearElsewhere(SOMEONE, 0);
    expect(admission.enter(SOMEONE)).to.equal(true);
    expect(admission.enter(SOMEONE)).to.equal(false);
  });

  it("lets loopback in whatever it has elsewhere, up to the total", () => {
    const admission = new Admission(2, 1);
    admission.hearElsewhere("127.0.0.1", 9);
    expect([1, 2, 3].map(() => admission.enter("127.0.0.1"))).to.deep.equal([true, true, false]);
  });

  it("tells each change of an address, and nothing of loopback or of who was refused", () => {
    const told: string[] = [];
    const admission = new Admission(100, 2, (address, count) => told.push(`${address} ${count}`));
    for (let i = 0; i < 3; i++) admission.enter(SOMEONE);
    admission.enter("::1");
    admission.leave(SOMEONE);
    admission.leave(SOMEONE);
    expect(told).to.deep.equal([1, 2, 1, 0].map((count) => `${SOMEONE} ${count}`));
  });
});
