import { expect } from "chai";
import * as fc from "fast-check";
import { Mailbox } from "../../src/engine/mailbox.ts";
import type { Envelope } from "../../src/engine/ports.ts";
import { GALA, query } from "../support/commands.ts";

describe("engine: mailbox", () => {
  it("needs a reserve smaller than its capacity", () => {
    expect(() => new Mailbox(4, 4)).to.throw(RangeError, "reserve must be smaller");
  });

  it("has nothing when it is empty", () => {
    const mailbox = new Mailbox(2, 0);
    expect(mailbox.take()).to.equal(undefined);
    expect(mailbox.length).to.equal(0);
  });

  it("gives back in order what it took, and keeps the reserve for the organiser and the places of who was taken", () => {
    const step = fc.constantFrom("offer", "offer", "organiser", "take", "peek", "clear");
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.nat({ max: 5 }),
        fc.array(step),
        (size, reserve, steps) => {
          const capacity = size + reserve;
          const mailbox = new Mailbox(capacity, reserve);
          const model: Envelope[] = [];
          let taken = 0;
          for (const step of steps) {
            if (step === "take") {
              taken += model.length > 0 ? 1 : 0;
              expect(mailbox.take()).to.equal(model.shift());
            } else if (step === "peek") {
              const next = mailbox.peek(3);
              expect(next).to.have.length(Math.min(3, model.length));
              next.forEach((envelope, i) => expect(envelope).to.equal(model[i]));
            } else if (step === "clear") {
              mailbox.clear();
              taken = 0;
            } else {
              const one = envelope();
              const fits = model.length + taken < (step === "organiser" ? capacity : size);
              expect(mailbox.isFull(step === "organiser")).to.equal(!fits);
              expect(mailbox.offer(one, step === "organiser")).to.equal(fits);
              if (fits) model.push(one);
            }
            expect(mailbox.length).to.equal(model.length);
            expect(mailbox.occupied).to.equal(model.length + taken);
          }
        },
      ),
    );
  });

  it("keeps the order over many thousands, while some are taken and others come", () => {
    const mailbox = new Mailbox(20_000, 0);
    const sent: Envelope[] = [];
    let taken = 0;
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < 1_500; i++) {
        const one = envelope();
        if (mailbox.offer(one, false)) sent.push(one);
      }
      expect(mailbox.peek(1)[0] === sent[taken]).to.equal(true);
      for (let i = 0; i < 1_000; i++) expect(mailbox.take() === sent[taken++]).to.equal(true);
      mailbox.clear();
    }
    while (mailbox.length > 0) expect(mailbox.take() === sent[taken++]).to.equal(true);
    expect(taken).to.equal(sent.length);
  });
});

function envelope(): Envelope {
  return { command: query(GALA), reply: () => {} };
}
