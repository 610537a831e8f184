/** What is said of outcomes: nothing is raced here. */
import { expect } from "chai";
import { judge, type Outcome } from "../../src/lab/outcome.ts";
import { drawSummary } from "../../src/lab/picture.ts";
import { seededRandom } from "../../src/lab/seeded-random.ts";
import { STRATEGIES, type StrategyName } from "../../src/lab/strategy.ts";
import { brokenClaims, spreadOf, summarize, type Summary } from "../../src/lab/summary.ts";
import { describeSummary, markdownTable } from "../../src/lab/table.ts";
import { describeWork, readWork } from "../../src/lab/work.ts";

describe("an outcome of the lab", () => {
  it("is right when all that could be sold was, each number once, and the counter says the rest", () => {
    expect(outcome([2, 1, 0], 0)).to.include({ sold: 3, oversold: 0, repeated: 0, isRight: true });
    expect(outcome([2, 1], 1, { buyers: 2 })).to.include({ sold: 2, isRight: true });
  });

  it("is wrong when one was sold too much, a number came twice, the counter forgot, or somebody was left out", () => {
    expect(outcome([2, 1, 0, 0], 0)).to.include({ oversold: 1, repeated: 1, isRight: false });
    expect(outcome([2, 1, 0, -1], -1)).to.include({ oversold: 1, repeated: 0, lowest: -1, isRight: false });
    expect(outcome([2, 2, 1], 1)).to.include({ oversold: 0, repeated: 1, isRight: false });
    expect(outcome([2, 1, 0], 1)).to.include({ oversold: 0, repeated: 0, isRight: false });
    expect(outcome([2, 1], 1)).to.include({ isRight: false });
  });
});

describe("the lab's summary", () => {
  it("keeps the extremes, and takes the quartiles by the nearest rank", () => {
    expect(spreadOf([5, 1, 4, 2, 3])).to.deep.equal({ min: 1, p25: 2, median: 3, p75: 4, max: 5 });
    expect(spreadOf([7])).to.deep.equal({ min: 7, p25: 7, median: 7, p75: 7, max: 7 });
  });

  it("refutes a protected strategy by one wrong repetition, and no other by any", () => {
    const right = outcome([2, 1, 0], 0);
    const wrong = outcome([2, 1, 0, 0], 0);
    expect(brokenClaims(summaryOf({ mutex: [right, right], none: [wrong, wrong] }))).to.deep.equal([]);
    const refuted = brokenClaims(summaryOf({ mutex: [right, wrong], cas: [right] }));
    expect(refuted.map(({ name }) => name)).to.deep.equal(["mutex"]);
  });

  it("says FALHA of a protected strategy that failed, and nothing good of all", () => {
    const words = describeSummary(summaryOf({ mutex: [outcome([2, 1, 0, 0], 0)] }));
    expect(words).to.include("FALHA: trava (mutex) se diz protegida e errou em 1 de 1 repetição.");
    expect(words).to.not.include("As protegidas não venderam");
  });

  it("says that it was luck when an unprotected strategy came out right", () => {
    const words = describeSummary(summaryOf({ none: [outcome([2, 1, 0], 0), outcome([2, 1, 0, 0], 0)] }));
    expect(words).to.include("vendeu a mais em 1 de 2 repetições; em 1 deu certo POR SORTE");
    const never = describeSummary(summaryOf({ none: [outcome([2, 1, 0, 0], 0)] }));
    expect(never).to.not.include("SORTE");
  });

  it("speaks of no luck where a lone buyer had nobody to cross", () => {
    const words = describeSummary({ ...summaryOf({ none: [outcome([2], 2, { buyers: 1 })] }), buyers: 1 });
    expect(words).to.not.include("SORTE");
    expect(words).to.include("em 1 deu certo: um comprador só não tem com quem se cruzar.");
  });

  it("says that it was interrupted", () => {
    const summary = { ...summaryOf({ queue: [outcome([2, 1, 0], 0)] }), interrupted: true };
    expect(describeSummary(summary)).to.include("INTERROMPIDO");
  });

  it("leaves out a strategy that wasn't measured once", () => {
    expect(summaryOf({ queue: [], await: [outcome([2, 1, 0], 0)] }).strategies).to.have.length(1);
  });

  it("has one row for each strategy in Markdown", () => {
    const table = markdownTable(
      summaryOf({ none: [outcome([2, 2, 1, 1], 1)], queue: [outcome([2, 1, 0], 0)] }),
    );
    const rows = table.split("\n");
    expect(rows).to.have.length(4);
    expect(rows[2]).to.include("| nada (threads) | 4 | 1 | 1 de 1 (até 1) | não | 0 de 1 |");
    expect(rows[3]).to.include("| fila (o produto) | 3 | 0 | 0 de 1 | não | 1 de 1 |");
  });
});

describe("the lab's picture", () => {
  const summary = summaryOf({ none: [outcome([2, 2, 1, -1], -1)], queue: [outcome([2, 1, 0], 0)] });

  it("is the same for the same numbers, and has a dark side", () => {
    expect(drawSummary(summary)).to.equal(drawSummary(summary));
    expect(drawSummary(summary)).to.include("prefers-color-scheme: dark");
  });

  it("shows in red what was sold too much, and no red where nothing was", () => {
    expect(drawSummary(summary).match(/<rect class="wrong"/g)).to.have.length(1);
    expect(drawSummary(summaryOf({ queue: [outcome([2, 1, 0], 0)] }))).to.not.include('<rect class="wrong"');
  });

  it("says what it shows to who can't see it, and escapes what it says", () => {
    const drawn = drawSummary({ ...summary, work: "<&" });
    expect(drawn).to.include("nada (threads): 4 vendidos, contador em −1.");
    expect(drawn).to.include("Entre ler e gravar: &lt;&amp;.").and.not.include("<&");
  });
});

describe("the lab's work", () => {
  it("is nothing, a wait in milliseconds or computing in microseconds", () => {
    expect(readWork("none")).to.deep.equal({ kind: "none" });
    expect(readWork("wait:2.5")).to.deep.equal({ kind: "wait", ms: 2.5 });
    expect(readWork("spin:50")).to.deep.equal({ kind: "spin", us: 50 });
    for (const text of [
      "",
      "wait",
      "wait:",
      "wait:0",
      "spin:-1",
      "spin:1e3",
      "sleep:2",
      "wait:2ms",
      "none:1",
    ]) {
      expect(readWork(text), text).to.equal(undefined);
    }
  });

  it("is said in Portuguese", () => {
    expect(describeWork({ kind: "none" })).to.equal("nada");
    expect(describeWork({ kind: "wait", ms: 2.5 })).to.match(/^espera de 2,5 ms em média/);
    expect(describeWork({ kind: "spin", us: 50 })).to.equal("50 µs de cálculo em média");
  });
});

describe("the lab's seed", () => {
  it("draws the same again, between 0 and 1, and another seed something else", () => {
    const draws = (seed: number): number[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 100 }, random);
    };
    expect(draws(7)).to.deep.equal(draws(7)).and.not.deep.equal(draws(8));
    for (const draw of draws(7)) expect(draw).to.be.within(0, 0.999_999_999_9);
    expect(Math.max(...draws(7))).to.be.above(0.9);
    expect(Math.min(...draws(7))).to.be.below(0.1);
  });
});

function outcome(remaining: number[], counter: number, { buyers = 5 } = {}): Outcome {
  return judge({ stock: 3, buyers, remaining, counter, spoiled: 0, ms: 1 });
}

function summaryOf(outcomes: Partial<Record<StrategyName, Outcome[]>>): Summary {
  const strategies = STRATEGIES.filter(({ name }) => outcomes[name] !== undefined);
  return summarize({
    settings: { buyers: 5, stock: 3, work: { kind: "none" }, repetitions: 2, seed: 1, strategies },
    measured: strategies.map((strategy) => ({ strategy, outcomes: outcomes[strategy.name] ?? [] })),
    threads: null,
    interrupted: false,
  });
}
