/** What a session does while the queue takes nothing. The counter here is full when a test says so. */
import { expect } from "chai";
import type { SaleId, SaleView } from "../../../src/box-office/sale.ts";
import { Hub } from "../../../src/broadcast/hub.ts";
import { LIMITS } from "../../../src/limits.ts";
import type { CommandRecord, Envelope } from "../../../src/engine/ports.ts";
import { systemEntropy } from "../../../src/engine/system.ts";
import { byAddress } from "../../../src/gateway/buyer-names.ts";
import { ReplyFlusher } from "../../../src/gateway/connection.ts";
import type { Desk } from "../../../src/gateway/desk.ts";
import { jsonDialect, textDialect } from "../../../src/gateway/dialect.ts";
import { tcpText, webSocketJson } from "../../../src/gateway/formats.ts";
import { Session } from "../../../src/gateway/session/session.ts";
import { TrustedProxies } from "../../../src/gateway/trusted-proxies.ts";
import { TEXT } from "../../../src/protocol/text.ts";
import { ManualTime } from "../../support/manual-time.ts";

const SALE = "default" as SaleId;
const VIEW: SaleView = {
  sale: SALE,
  title: "Ingressos",
  state: "open",
  capacity: 10,
  available: 7,
  held: 0,
  sold: 3,
  position: { epoch: 1, offset: 4 },
  at: 0,
  opensAt: null,
  closesAt: null,
};
const BUSY = "ERRO: Servidor ocupado. Tente de novo";
const STOCK = "Estoque atual: 7";

class Booth {
  isFull = false;
  readonly taken: Envelope[] = [];
  readonly records: CommandRecord[] = [];
  readonly sent: string[] = [];
  codes = 0;
  isPaused = false;
  readonly session: Session;

  constructor(dialect: "text" | "json" = "text") {
    const time = new ManualTime();
    const loop = { busyMs: () => 0 };
    const probe = { delivered: () => {} };
    const parts = { clock: time, scheduler: time, loop, limits: LIMITS.hub, probe };
    const desk: Desk = {
      counter: {
        submit: (envelope) => !this.isFull && this.taken.push(envelope) > 0,
        isFull: () => this.isFull,
        view: () => VIEW,
        views: () => [VIEW],
      },
      hub: new Hub(parts, [VIEW]),
      clock: time,
      entropy: { ...systemEntropy, ticketCode: () => (++this.codes, systemEntropy.ticketCode()) },
      after: (ms, task) => time.after(ms, task),
      recorder: { record: (record) => this.records.push(record) },
      flusher: new ReplyFlusher(),
      limits: LIMITS,
      requestLimits: { maxQuantity: LIMITS.rules.maxQuantity, lineBytes: LIMITS.session.lineBytes },
      rateLimit: 0,
      proxies: new TrustedProxies([]),
      nameBuyer: byAddress,
      epoch: 1,
      server: "bilheteria/test",
      unsafe: false,
      counts: { sessions: 0, slowReaders: 0, faults: 0, refusedConnections: 0 },
      report: (message, cause) => {
        throw new Error(message, { cause });
      },
    };
    const connection = {
      peer: { address: "10.0.0.1", port: 4000, transport: dialect === "text" ? "tcp" : "ws" } as const,
      backlog: 0,
      midCommand: false,
      send: (reply: string) => this.sent.push(reply),
      write: () => {},
      end: () => {},
      pause: () => (this.isPaused = true),
      resume: () => (this.isPaused = false),
      stopReading: () => (this.isPaused = true),
    };
    const way = dialect === "text" ? { dialect: textDialect, format: tcpText } : JSON_WAY;
    this.session = new Session(desk, connection, { ...way, sale: SALE, pushes: false });
  }

  say(...lines: readonly string[]): void {
    for (const line of lines) this.session.receive(line);
  }

  /** The queue answers the oldest command that it took. */
  answer(): void {
    this.taken.shift()!.reply({ kind: "stock", view: VIEW });
  }
}

/** As a clock says that nobody turns. */
const NOW = new ManualTime().now();

const JSON_WAY = { dialect: jsonDialect, format: webSocketJson };

describe("a session in front of a full queue", () => {
  it("refuses at once, and draws no codes and hands nothing in for it", () => {
    const booth = new Booth();
    booth.isFull = true;
    booth.say("COMPRAR", "COMPRAR 3 chave", "CONSULTAR");
    expect(booth.sent).to.deep.equal([BUSY, BUSY, BUSY]);
    expect(booth.codes).to.equal(0);
    expect(booth.taken).to.deep.equal([]);
    expect(booth.session.awaitsReply).to.equal(false);
  });

  it("keeps each refusal in its place among the answers that are due", () => {
    const booth = new Booth();
    booth.say("CONSULTAR");
    booth.isFull = true;
    booth.say("COMPRAR", "COMPRAR", "AJUDA", "COMPRAR");
    booth.isFull = false;
    booth.say("CONSULTAR");
    booth.isFull = true;
    booth.say("COMPRAR");
    expect(booth.sent).to.deep.equal([]);
    booth.answer();
    expect(booth.sent).to.deep.equal([STOCK, BUSY, BUSY, TEXT.help, BUSY]);
    booth.answer();
    expect(booth.sent.slice(5)).to.deep.equal([STOCK, BUSY]);
    booth.say("COMPRAR");
    expect(booth.sent.slice(7)).to.deep.equal([BUSY]);
  });

  it("still writes a line of the command log for each", () => {
    const booth = new Booth();
    booth.isFull = true;
    booth.say("COMPRAR", "COMPRAR 2 chave-longa", "CONSULTAR");
    const lines = booth.records.map(({ command, outcome }) => `${command}: ${outcome}`);
    expect(lines).to.deep.equal(["COMPRAR 1: busy", "COMPRAR 2 chav…: busy", "CONSULTAR: busy"]);
  });

  it("says in JSON which command it refuses, though the words are the same", () => {
    const booth = new Booth("json");
    booth.say('{"type":"query","id":"q"}');
    booth.isFull = true;
    for (const id of ["a", "a", "b"]) booth.say(JSON.stringify({ type: "buy", id, quantity: 1, buyer: "x" }));
    booth.answer();
    const answers = booth.sent.map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(answers.map(({ type, id, reason }) => [type, id, reason])).to.deep.equal([
      ["stock", "q", undefined],
      ["rejected", "a", "busy"],
      ["rejected", "a", "busy"],
      ["rejected", "b", "busy"],
    ]);
  });

  it("counts the refusals that wait, and reads no more when they are too many", () => {
    const booth = new Booth();
    booth.say("CONSULTAR");
    booth.isFull = true;
    const most = LIMITS.session.pendingReplies;
    for (let i = 2; i < most; i++) booth.say("COMPRAR");
    expect(booth.isPaused).to.equal(false);
    booth.say("COMPRAR");
    expect(booth.isPaused).to.equal(true);
    booth.answer();
    expect(booth.isPaused).to.equal(false);
    expect(booth.sent).to.have.length(most);
  });
});

describe("a session's line of the command log", () => {
  it("says the instant at which the journal says that it was sold, and that of its answer otherwise", () => {
    const booth = new Booth();
    const receipt = { kind: "receipt", items: [], position: VIEW.position, at: 7 } as const;
    booth.say("COMPRAR", "COMPRAR", "CONSULTAR");
    for (const repeated of [false, true]) booth.taken.shift()!.reply({ ...receipt, repeated });
    booth.answer();
    const [sold, repeated, asked] = booth.records.map(({ at }) => at);
    expect(sold).to.equal(7);
    expect([repeated, asked]).to.deep.equal([NOW, NOW]);
  });
});
