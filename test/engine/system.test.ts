import { expect } from "chai";
import {
  systemClock,
  systemEntropy,
  systemScheduler,
  TICKET_ALPHABET,
  TICKET_LENGTH,
} from "../../src/engine/system.ts";

describe("engine: ticket codes", () => {
  it("are made of letters and digits that nobody takes for one another, and of no vowels", () => {
    expect(new Set(TICKET_ALPHABET).size).to.equal(TICKET_ALPHABET.length);
    expect(TICKET_ALPHABET).to.match(/^[0-9A-Z]+$/);
    expect(TICKET_ALPHABET).to.not.match(/[AEIOU]/);
    for (const alike of ["0O", "1IL", "2Z", "5S", "8B", "UV"]) {
      const both = alike.split("").filter((letter) => TICKET_ALPHABET.includes(letter));
      expect(both.length, alike).to.be.at.most(1);
    }
  });

  it("are hard to guess: at least fifty bits", () => {
    expect(TICKET_LENGTH * Math.log2(TICKET_ALPHABET.length)).to.be.at.least(50);
  });

  it("are drawn from all of that alphabet, and none comes twice in a hundred thousand", () => {
    const codes = Array.from({ length: 100_000 }, () => systemEntropy.ticketCode() as string);
    expect(new Set(codes).size).to.equal(codes.length);
    expect(codes.every((code) => code.length === TICKET_LENGTH)).to.equal(true);
    expect(new Set(codes.join(""))).to.deep.equal(new Set(TICKET_ALPHABET));
  });
});

describe("engine: the system's time", () => {
  it("is that of the machine, in whole milliseconds", () => {
    const before = Date.now();
    const now = systemClock.now();
    expect(now).to.be.within(before, Date.now());
    expect(Number.isInteger(now)).to.equal(true);
  });

  it("runs what is due soon after the code that asked for it, and before a timer", async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        systemScheduler.after(5, () => {
          order.push("after");
          resolve();
        });
        systemScheduler.soon(() => order.push("soon"));
        order.push("now");
      });
    });
    expect(order).to.deep.equal(["now", "soon", "after"]);
  });

  it("doesn't run a timer that was cancelled", async () => {
    let ran = false;
    systemScheduler
      .after(1, () => {
        ran = true;
      })
      .cancel();
    await new Promise<void>((resolve) => {
      systemScheduler.after(20, resolve);
    });
    expect(ran).to.equal(false);
  });

  it("counts durations that never shrink", () => {
    let last = systemClock.monotonic();
    for (let i = 0; i < 10_000; i++) {
      const next = systemClock.monotonic();
      expect(next >= last).to.equal(true);
      last = next;
    }
  });

  it("draws numbers from zero up to one", () => {
    for (let i = 0; i < 1_000; i++) {
      const number = systemEntropy.random();
      expect(number >= 0 && number < 1).to.equal(true);
    }
  });
});
