/** What a session does while the queue takes nothing. The counter here is full when a test says so. */
import { expect } from "chai";
import { LIMITS } from "../../../src/limits.ts";
import { TEXT } from "../../../src/protocol/text.ts";
import { Booth } from "../../support/booth.ts";
import { VIEW } from "../../support/desk.ts";
import { ManualTime } from "../../support/manual-time.ts";

const BUSY = "ERRO: Servidor ocupado. Tente de novo";
const STOCK = "Estoque atual: 7";

/** As a clock says that nobody turns. */
const NOW = new ManualTime().now();

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
