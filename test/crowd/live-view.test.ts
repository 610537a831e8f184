import { PassThrough } from "node:stream";
import { expect } from "chai";
import type { Progress } from "../../src/crowd/conductor.ts";
import { describeLine, drawPicture, openView } from "../../src/crowd/live-view.ts";
import { sumUp, Tally } from "../../src/crowd/tally.ts";

const SCENERY = { users: 100, rounds: 1_000, available: 200 };

function progress(): Progress {
  const tally = new Tally(5);
  Object.assign(tally.counts, { rounds: 250, bought: 150, soldOut: 3, noticed: 7 });
  Object.assign(tally.phases, { thinking: 30, buying: 12, listening: 58 });
  tally.lowest = 50;
  tally.buy.add(20);
  return { stage: "visiting", sums: sumUp([tally.news()], 5), elapsedMs: 61_500 };
}

describe("the live view of the crowd", () => {
  it("shows rounds and stock as bars, people by phase, what was bought, and latencies", () => {
    const picture = drawPicture(progress(), SCENERY, 100).join("\n");
    expect(picture).to.include(`Rodadas   [${"█".repeat(10)}${"░".repeat(30)}] 250 de 1.000  1:01`);
    expect(picture).to.include(`Estoque   [${"█".repeat(10)}${"░".repeat(30)}] 50 de 200`);
    expect(picture).to.include("pensando 30").and.to.include("comprando 12 · ouvindo 58");
    expect(picture).to.include("Comprados 150 · esgotado 3 · AVISOs ouvidos 7");
    expect(picture).to.match(/COMPRAR {3}p50 20 ms .* \(1 vezes\)/);
    expect(picture).to.match(/CONSULTAR –/);
  });

  it("never writes a line that a narrow terminal would wrap", () => {
    for (const columns of [1, 20, 60, 79]) {
      for (const line of drawPicture(progress(), SCENERY, columns)) {
        expect(line.length).to.be.below(Math.max(2, columns));
      }
    }
  });

  it("says the same in one line, and counts what was wrong only where something was", () => {
    const now = progress();
    expect(describeLine(now, SCENERY)).to.match(
      /^1:01 {2}comprando {2}rodadas 250 de 1\.000 {2}estoque 50 {2}comprados 150 {2}esgotado 3 {2}AVISOs 7 {2}COMPRAR p50 20 ms p99 20 ms$/,
    );
    const tally = new Tally(5);
    tally.complain("stock_rise", "x");
    expect(describeLine({ ...now, sums: sumUp([tally.news()], 5) }, SCENERY)).to.match(/ {2}FALHAS 1$/);
  });

  it("draws over its last picture on a terminal, and gives the cursor back", () => {
    const stream = Object.assign(new PassThrough({ encoding: "utf8" }), { isTTY: true, columns: 80 });
    const view = openView(stream, SCENERY);
    view.show(progress());
    view.show(progress());
    view.close();
    const written = String(stream.read());
    expect(written.split("\u001b[7A"), "it goes up once, by the seven lines of a picture").to.have.length(2);
    expect(written.startsWith("\u001b[?25l")).to.equal(true);
    expect(written.endsWith("\u001b[?25h")).to.equal(true);
  });

  it("writes plain lines elsewhere, and one at the end however soon it comes", () => {
    const stream = new PassThrough({ encoding: "utf8" });
    const view = openView(stream, SCENERY);
    view.show(progress());
    view.show(progress());
    view.show({ ...progress(), stage: "ended" });
    view.close();
    const lines = String(stream.read()).trimEnd().split("\n");
    expect(lines).to.have.length(2);
    expect(lines[1]).to.include("fim");
  });
});
