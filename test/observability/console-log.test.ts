import { expect } from "chai";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openConsoleLog, readableLine, type ConsoleLogOptions } from "../../src/observability/console-log.ts";

describe("observability: the console", () => {
  let directory: string;
  let path: string;
  let descriptor: number;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "console-"));
    path = join(directory, "lines");
    descriptor = openSync(path, "w");
  });
  afterEach(async () => {
    closeSync(descriptor);
    await rm(directory, { recursive: true });
  });

  function open(options: Partial<ConsoleLogOptions> = {}): ReturnType<typeof openConsoleLog> {
    return openConsoleLog(
      { level: "info", readable: false, waitingBytes: 1_000_000, ...options },
      descriptor,
    );
  }

  function written(): string[] {
    return readFileSync(path, "utf8").split("\n").slice(0, -1);
  }

  it("gets JSON lines with the time, and commands among them in order", async () => {
    const log = open();
    log.logger.info({ tickets: 3 }, "first");
    expect(log.commands?.write(Buffer.from('{"second":true}\n'))).to.equal(true);
    log.logger.warn("third");
    expect(await log.close()).to.equal(true);
    const lines = written().map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).to.have.length(3);
    expect(lines[0]).to.include({ level: 30, msg: "first", tickets: 3 });
    expect(lines[0]).to.have.property("time").that.is.a("number");
    expect(lines[1]).to.deep.equal({ second: true });
    expect(lines[2]).to.include({ level: 40, msg: "third" });
    expect(log.dropped()).to.equal(0);
  });

  it("gets plain lines on a terminal", async () => {
    const log = open({ readable: true });
    log.logger.error({ code: "EIO" }, "the disk is gone");
    expect(await log.close()).to.equal(true);
    expect(written()[0]).to.match(/^\d\d:\d\d:\d\d\.\d{3} {2}ERROR {2}the disk is gone {2}code=EIO$/);
  });

  it("gets no commands when the level hides them", async () => {
    expect(open({ level: "warn" }).commands).to.equal(null);
    const log = open({ level: "silent" });
    log.logger.fatal("nobody hears");
    expect(await log.close()).to.equal(true);
    expect(written()).to.deep.equal([]);
  });

  it("says what it drops when more waits than it may hold", async () => {
    const log = open({ waitingBytes: 5_000 });
    const line = Buffer.from(`${"x".repeat(999)}\n`);
    const taken = Array.from({ length: 20 }, () => log.commands?.write(line));
    expect(taken).to.include(false);
    expect(await log.close()).to.equal(true);
    expect(written().length).to.equal(taken.filter((ok) => ok === true).length);
    expect(log.dropped()).to.equal(taken.filter((ok) => ok === false).length);
  });

  it("warns with figures, as the command log asks it to", async () => {
    const log = open();
    log.commands?.warn("lines dropped", { dropped: 4 });
    expect(await log.close()).to.equal(true);
    expect(JSON.parse(written()[0]!)).to.include({ level: 40, msg: "lines dropped", dropped: 4 });
  });
});

describe("observability: a readable line", () => {
  function line(fields: object): string {
    return readableLine(JSON.stringify({ time: Date.UTC(2026, 10, 21, 7, 5, 9, 42), ...fields }));
  }

  it("has the time, what happened and the rest as name=value", () => {
    expect(
      line({ level: 30, msg: "listening", http: "http://localhost:8080", max: 9, nested: { a: 1 } }),
    ).to.equal('07:05:09.042  listening  http=http://localhost:8080  max=9  nested={"a":1}\n');
  });

  it("names the level unless it is ordinary", () => {
    const named = [10, 20, 30, 40, 50, 60].map((level) =>
      line({ level, msg: "m" }).trim().split("  ").slice(1),
    );
    expect(named).to.deep.equal([
      ["trace", "m"],
      ["debug", "m"],
      ["m"],
      ["WARN", "m"],
      ["ERROR", "m"],
      ["FATAL", "m"],
    ]);
  });

  it("needs no message", () => {
    expect(line({ level: 40, code: "X" })).to.equal("07:05:09.042  WARN  code=X\n");
  });
});
