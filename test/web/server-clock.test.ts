import { expect } from "chai";
import { ServerClock } from "../../web/server-clock.ts";
import { ManualTime } from "../support/manual-time.ts";

const SERVER = 1_800_000_000_000;

describe("the page's server clock", () => {
  it("knows nothing before hello", () => {
    expect(new ServerClock(() => 0).known).to.equal(false);
  });

  it("follows the server though the browser's clock is hours wrong, and set again meanwhile", () => {
    const time = new ManualTime(SERVER - 5 * 3_600_000);
    const clock = new ServerClock(() => time.monotonic());
    clock.learn(SERVER, time.monotonic(), time.monotonic());
    time.advance(60_000);
    time.setWallClock(SERVER + 9 * 3_600_000);
    expect(clock.now()).to.equal(SERVER + 60_000);
  });

  it("is never off by more than connecting took", () => {
    for (const share of [0, 0.25, 0.5, 1]) {
      const time = new ManualTime();
      const clock = new ServerClock(() => time.monotonic());
      const writtenAt = 400 * share;
      time.advance(400);
      clock.learn(SERVER + writtenAt, 0, 400);
      expect(Math.abs(clock.now() - (SERVER + 400))).to.be.at.most(400);
    }
  });

  it("gets better with a faster second hello and isn't spoiled by a slow third", () => {
    const time = new ManualTime();
    const clock = new ServerClock(() => time.monotonic());
    time.advance(2_000);
    clock.learn(SERVER + 100, 0, 2_000);
    time.advance(1_000);
    clock.learn(SERVER + 3_000, 2_995, 3_000);
    const afterFast = clock.now();
    expect(Math.abs(afterFast - (SERVER + 3_000))).to.be.at.most(5);
    time.advance(9_000);
    clock.learn(SERVER + 4_000, 4_000, 12_000);
    expect(Math.abs(clock.now() - (SERVER + 12_000))).to.be.at.most(5);
  });

  it("believes the newest hello when a clock was set", () => {
    const time = new ManualTime();
    const clock = new ServerClock(() => time.monotonic());
    clock.learn(SERVER, 0, 0);
    time.advance(1_000);
    clock.learn(SERVER - 3_600_000, 1_000, 1_000);
    expect(clock.now()).to.equal(SERVER - 3_600_000);
  });
});
