/** What a session tells a client that leaves something unread, and when. */
import { expect } from "chai";
import { LIMITS } from "../../../src/limits.ts";
import { Booth } from "../../support/booth.ts";
import { SALE, VIEW } from "../../support/desk.ts";

/** A purchase of the last tickets, as the queue publishes it. */
function sellOut(booth: Booth): void {
  const position = { epoch: 1, offset: 6 };
  booth.desk.hub.publish({
    epoch: 1,
    offset: 5,
    events: [{ v: 1, type: "sold_out", sale: SALE, at: 0 }],
    views: [{ ...VIEW, available: 0, sold: 10, position }],
  });
  booth.time.advance(LIMITS.hub.longestIntervalMs);
}

const AVISO = "AVISO: O estoque acabou de esgotar!";

function countOf(text: string, booth: Booth): number {
  return booth.pushed.join("").split(text).length - 1;
}

describe("a session whose client reads slowly", () => {
  for (const way of ["tcp", "text", "json"] as const) {
    const aviso = way === "json" ? '"kind":"sold_out"' : AVISO;

    it(`owes it the news while one byte is unread, and tells it once when all is read (${way})`, () => {
      const booth = new Booth(way);
      booth.backlog = 1;
      sellOut(booth);
      expect(booth.pushed).to.deep.equal([]);
      booth.read();
      expect(countOf(aviso, booth)).to.equal(1);
      booth.read();
      expect(countOf(aviso, booth)).to.equal(1);
    });
  }

  it("tells the newest number only, however many there were meanwhile", () => {
    const booth = new Booth("text");
    booth.backlog = 1;
    for (let available = 6; available > 0; available--) {
      const position = { epoch: 1, offset: 11 - available };
      booth.desk.hub.publish({ epoch: 1, offset: 0, events: [], views: [{ ...VIEW, available, position }] });
      booth.time.advance(LIMITS.hub.longestIntervalMs);
    }
    expect(booth.pushed).to.deep.equal([]);
    booth.read();
    expect(booth.pushed.join("")).to.match(/ESTOQUE: 1$/);
    expect(countOf("ESTOQUE", booth)).to.equal(1);
  });

  it("asks to be told once, and again if something is unread when it is", () => {
    const booth = new Booth("text");
    booth.backlog = 1;
    for (let i = 0; i < 3; i++) sellOut(booth);
    expect(booth.waiting).to.have.length(1);
    const [tell] = booth.waiting.splice(0);
    tell!();
    expect(booth.pushed).to.deep.equal([]);
    expect(booth.waiting).to.have.length(1);
    booth.read();
    expect(countOf(AVISO, booth)).to.be.above(0);
  });

  it("tells what happened before its goodbye, though something is unread", async () => {
    const booth = new Booth("text");
    booth.backlog = 1;
    sellOut(booth);
    booth.say("SAIR");
    await Promise.resolve();
    expect(countOf(AVISO, booth)).to.equal(1);
    expect(booth.endedWith).to.equal(1000);
  });

  it("isn't read from over the soft bound, until all is read", () => {
    const booth = new Booth("text");
    booth.backlog = LIMITS.output.softBytes;
    booth.say("AJUDA");
    expect(booth.isPaused).to.equal(false);
    booth.backlog += 1;
    booth.say("AJUDA");
    expect(booth.isPaused).to.equal(true);
    booth.read();
    expect(booth.isPaused).to.equal(false);
  });

  it("is read again after its answers have left, though it asked in vain before", () => {
    const booth = new Booth("text");
    booth.say(...Array.from({ length: LIMITS.session.pendingReplies }, () => "CONSULTAR"));
    expect(booth.isPaused).to.equal(true);
    booth.backlog = LIMITS.output.softBytes;
    while (booth.taken.length > 0) booth.answer();
    expect(booth.isPaused).to.equal(true);
    booth.read();
    expect(booth.isPaused).to.equal(false);
  });

  it("is closed over the hard bound, at the next thing that it would be told", () => {
    const booth = new Booth("text");
    booth.backlog = LIMITS.output.hardBytes + 1;
    expect(booth.endedWith).to.equal(null);
    sellOut(booth);
    expect(booth.endedWith).to.equal(4001);
    expect(booth.pushed).to.deep.equal([]);
  });
});
