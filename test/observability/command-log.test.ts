import { expect } from "chai";
import * as fc from "fast-check";
import type { Peer } from "../../src/engine/ports.ts";
import {
  CommandLog,
  formatJson,
  formatReadable,
  harmless,
  type CommandLine,
  type LineSink,
} from "../../src/observability/command-log.ts";
import { ManualTime } from "../support/manual-time.ts";

const LIMITS = { batchLines: 4, flushMs: 100, textLength: 20 };

const LINE: CommandLine = {
  at: Date.UTC(2026, 10, 21, 7, 5, 9, 42),
  peer: { address: "192.0.2.7", port: 50_123, transport: "ws" },
  command: "COMPRAR 2",
  isPlain: true,
  outcome: "sold",
  bought: { order: 3, remaining: 7 },
};

/** What a format writes, which must leave alone what stands before it. */
function lineOf(format: LineSink["format"], differing: Partial<CommandLine> = {}): string {
  const bytes = Buffer.alloc(2_048, "!");
  const end = format(bytes, 5, { ...LINE, ...differing });
  expect(bytes.toString("utf8", 0, 5)).to.equal("!!!!!");
  return bytes.toString("utf8", 5, end);
}

/** A log over a console that a test can make deaf. */
class Desk {
  readonly time = new ManualTime();
  readonly writes: string[] = [];
  /** What it was given, as a console that is slow keeps it. */
  readonly kept: Buffer[] = [];
  readonly warnings: number[] = [];
  isRead = true;
  readonly log = new CommandLog(
    {
      style: "json",
      format: (bytes, start, { command }) => start + bytes.write(`${command}\n`, start),
      write: (lines) => {
        if (this.isRead) this.writes.push(lines.toString());
        this.kept.push(lines);
        return this.isRead;
      },
      warn: (_message, { dropped }) => this.warnings.push(dropped ?? 0),
    },
    this.time,
    LIMITS,
  );

  say(...commands: readonly string[]): void {
    for (const command of commands) say(this.log, command);
  }
}

function say(log: CommandLog, command: string): void {
  const { at, peer, outcome, bought } = LINE;
  log.record(at, peer, command, outcome, bought);
}

describe("observability: the command log", () => {
  it("writes the same line as JSON whatever was written before it", () => {
    const peers: Peer[] = [
      { address: "192.0.2.7", port: 50_123, transport: "ws" },
      { address: "192.0.2.7", port: 50_124, transport: "tcp" },
      { address: 'fe80::1%"', port: 1, transport: "http" },
    ];
    const line = fc.record({
      at: fc.constantFrom(1, 2),
      peer: fc.constantFrom(...peers),
      command: fc.constantFrom("COMPRAR 1", "CONSULTAR", 'a"b', "não"),
      outcome: fc.constantFrom("sold", "sold_out"),
      bought: fc.constantFrom(undefined, { order: 3, remaining: 7 }, { order: 12, remaining: 0 }),
    });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        for (const said of lines) {
          const isPlain = /^[A-Z0-9 ]+$/.test(said.command);
          const { address: ip, port, transport: via } = said.peer;
          const { order, remaining } = said.bought ?? {};
          const figures = said.bought === undefined ? "" : ` order=${order} remaining=${remaining}`;
          const fields = { level: 30, time: said.at, ip, port, via, command: said.command };
          expect(JSON.parse(lineOf(formatJson, { ...said, isPlain }))).to.deep.equal({
            ...fields,
            outcome: said.outcome + figures,
          });
        }
      }),
    );
  });

  it("says of each command its own, and nothing of the one before it", () => {
    const said = fc.record({
      at: fc.constantFrom(1, 2),
      peer: fc.record({
        address: fc.constantFrom("192.0.2.7", "192.0.2.8"),
        port: fc.constantFrom(1, 2),
        transport: fc.constantFrom("ws" as const, "http" as const),
      }),
      command: fc.constantFrom("COMPRAR 1", "CONSULTAR", "não"),
      outcome: fc.constantFrom("sold", "sold_out"),
      bought: fc.constantFrom(undefined, { order: 3, remaining: 7 }, { order: 4, remaining: 6 }),
    });
    fc.assert(
      fc.property(fc.array(said, { maxLength: 20 }), (commands) => {
        let written = "";
        const write = (lines: Buffer): boolean => {
          written += lines.toString();
          return true;
        };
        const sink = { style: "json", format: formatJson, warn: () => {}, write } as const;
        const log = new CommandLog(sink, new ManualTime(), LIMITS);
        for (const { at, peer, command, outcome, bought } of commands)
          log.record(at, peer, command, outcome, bought);
        log.flush();
        const lines = written.split("\n").slice(0, -1);
        expect(lines.map((line) => JSON.parse(line) as unknown)).to.deep.equal(
          commands.map(({ at, peer, command, outcome, bought }) => ({
            level: 30,
            time: at,
            ip: peer.address,
            port: peer.port,
            via: peer.transport,
            command,
            outcome: bought ? `${outcome} order=${bought.order} remaining=${bought.remaining}` : outcome,
          })),
        );
      }),
    );
  });

  it("hands lines over a moment later, together", () => {
    const desk = new Desk();
    desk.say("a", "b");
    desk.time.settle();
    expect(desk.writes).to.deep.equal([]);
    desk.time.advance(100);
    expect(desk.writes).to.deep.equal(["a\nb\n"]);
    expect(desk.time.waiting).to.deep.equal({ soon: 0, timers: 0 });
  });

  it("passes another process's lines on as they are, and counts each of those that are dropped", () => {
    const desk = new Desk();
    desk.log.pass(Buffer.from("a\nb\n"));
    expect(desk.writes).to.deep.equal(["a\nb\n"]);
    desk.isRead = false;
    desk.log.pass(Buffer.from("c\nd\ne\n"));
    desk.isRead = true;
    desk.log.pass(Buffer.from("f\n"));
    expect(desk.writes).to.deep.equal(["a\nb\n", "f\n"]);
    expect(desk.log.dropped).to.equal(3);
    expect(desk.warnings).to.deep.equal([3]);
  });

  it("doesn't wait for the moment when a batch is full, but never writes within the command", () => {
    const desk = new Desk();
    desk.say("a", "b", "c", "d", "e");
    expect(desk.writes).to.deep.equal([]);
    desk.time.settle();
    expect(desk.writes).to.deep.equal(["a\nb\nc\nd\ne\n"]);
    desk.say("f");
    desk.time.advance(100);
    expect(desk.writes).to.deep.equal(["a\nb\nc\nd\ne\n", "f\n"]);
  });

  it("counts what a deaf console drops, and says so as soon as it is read again", () => {
    const desk = new Desk();
    desk.isRead = false;
    desk.say("a", "b");
    desk.time.advance(100);
    desk.say("c");
    desk.time.advance(100);
    expect(desk.log.dropped).to.equal(3);
    expect(desk.warnings).to.deep.equal([]);
    desk.isRead = true;
    desk.say("d");
    desk.time.advance(100);
    expect(desk.writes).to.deep.equal(["d\n"]);
    expect(desk.warnings).to.deep.equal([3]);
    desk.say("e");
    desk.time.advance(100);
    expect(desk.warnings).to.deep.equal([3]);
    expect(desk.log.dropped).to.equal(3);
  });

  it("writes at once what waits when it is flushed, and nothing when nothing does", () => {
    const desk = new Desk();
    desk.log.flush();
    desk.say("a");
    desk.log.flush();
    expect(desk.writes).to.deep.equal(["a\n"]);
    expect(desk.time.waiting.timers).to.equal(0);
  });

  it("keeps no more memory for lines that wait one by one than for lines that wait together", () => {
    const desk = new Desk();
    for (let i = 0; i < 10_000; i++) {
      desk.say(String(i));
      desk.log.flush();
    }
    const bytes = desk.kept.reduce((sum, lines) => sum + lines.length, 0);
    const memory = [...new Set(desk.kept.map(({ buffer }) => buffer))];
    expect(memory.reduce((sum, { byteLength }) => sum + byteLength, 0)).to.be.below(2 * bytes + 128 * 1024);
    expect(desk.kept.map(String).join("")).to.equal(
      Array.from({ length: 10_000 }, (_, i) => `${i}\n`).join(""),
    );
  });

  it("makes commands harmless before they become a line", () => {
    const desk = new Desk();
    desk.say("COMPRAR\n\u001b[31mfake", "x".repeat(50));
    desk.log.flush();
    expect(desk.writes).to.deep.equal([`COMPRAR··[31mfake\n${"x".repeat(20)}…\n`]);
  });
});

describe("observability: text from outside", () => {
  it("can't break a line, steer a terminal, hide or reorder, nor grow without bound", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 60 }),
        fc.integer({ min: 1, max: 40 }),
        (text, length) => {
          const safe = harmless(text, length);
          expect(safe).to.not.match(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
          expect(safe.length).to.be.at.most(length + 1);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("that is ordinary stays as it is", () => {
    for (const text of ["COMPRAR 2", "Não é ☂", "𝒜 🎟️".replace("\ufe0f", "")]) {
      expect(harmless(text, 40)).to.equal(text);
    }
  });

  for (const [what, text] of [
    ["an escape sequence", "\u001b]0;title\u0007"],
    ["a line end", "a\r\nb"],
    ["a line separator", "a\u2028b\u2029c\u0085d"],
    ["a mark that turns the direction", "a\u202eb\u2066c"],
    ["an invisible letter", "a\u200bb\ufeffc"],
    ["a NUL or a DEL", "a\0b\u007fc"],
  ] as const) {
    it(`loses ${what}`, () => {
      expect(harmless(text, 100)).to.match(/^[\x20-\x7e·]+$/);
    });
  }
});

describe("observability: a line", () => {
  it("for machines is one JSON object with who, what and what came of it", () => {
    const line = lineOf(formatJson);
    expect(line.indexOf("\n")).to.equal(line.length - 1);
    expect(JSON.parse(line)).to.deep.equal({
      level: 30,
      time: Date.UTC(2026, 10, 21, 7, 5, 9, 42),
      ip: "192.0.2.7",
      port: 50_123,
      via: "ws",
      command: "COMPRAR 2",
      outcome: "sold order=3 remaining=7",
    });
  });

  it("for machines holds any harmless command as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const command = harmless(text, 100);
        const line = lineOf(formatJson, { command, isPlain: false });
        expect(JSON.parse(line)).to.have.property("command", command);
        expect(line.split("\n")).to.have.length(2);
      }),
    );
  });

  it("for machines has every figure to its last digit, and none where nothing was bought", () => {
    const counts = fc.oneof(fc.nat(), fc.constantFrom(0, 9, 10, 99_999_999, 100_000_000, 2 ** 53 - 1));
    fc.assert(
      fc.property(counts, counts, fc.nat(), (order, remaining, at) => {
        const line = lineOf(formatJson, { at, bought: { order, remaining } });
        const { outcome, time } = JSON.parse(line) as { outcome: string; time: number };
        expect(outcome).to.equal(`sold order=${order} remaining=${remaining}`);
        expect(time).to.equal(at);
      }),
    );
    const refused = { outcome: "sold_out", bought: undefined };
    expect(JSON.parse(lineOf(formatJson, refused))).to.include({ outcome: "sold_out" });
  });

  it("for machines names every peer, whatever its interface is called", () => {
    const address = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.string({ unit: "binary", maxLength: 16 }).map((name) => `fe80::1%${name}`),
    );
    const peer = fc.record({
      address,
      port: fc.nat(65_535),
      transport: fc.constantFrom("ws" as const, "tcp" as const, "http" as const),
    });
    fc.assert(
      fc.property(peer, (peer) => {
        const { address, port, transport } = peer;
        const line = lineOf(formatJson, { peer });
        expect(JSON.parse(line)).to.include({ ip: address, port, via: transport, command: "COMPRAR 2" });
      }),
    );
  });

  it("has room for the longest command that there can be", () => {
    const writes: Buffer[] = [];
    const sink = { style: "json", format: formatJson, warn: () => {} } as const;
    const write = (lines: Buffer): boolean => writes.push(lines) > 0;
    const log = new CommandLog({ ...sink, write }, new ManualTime(), { ...LIMITS, textLength: 80 });
    for (let i = 0; i < 500; i++) say(log, "\ud800".repeat(100));
    log.flush();
    const lines = Buffer.concat(writes).toString().trimEnd().split("\n");
    expect(lines).to.have.length(500);
    for (const line of lines) expect(JSON.parse(line)).to.have.property("command", `${"\ud800".repeat(80)}…`);
  });

  it("for people says the same in columns", () => {
    expect(lineOf(formatReadable)).to.equal(
      "07:05:09.042  ws   192.0.2.7:50123        COMPRAR 2             sold order=3 remaining=7\n",
    );
  });
});
