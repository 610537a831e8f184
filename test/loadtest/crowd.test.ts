import { expect } from "chai";
import { needK6, runCrowd, type CrowdRun } from "./k6.ts";
import { StubBoxOffice } from "./stub-box-office.ts";
import type { Lie } from "./stub-office.ts";

const STOCK = 10;

/** Each lie with the thresholds that it must cross, and no others. */
const LIES: ReadonlyArray<[Lie, string[]]> = [
  ["oversells", ["balance{of:remaining}", "balance{of:stock}", "faults{kind:audit_unbalanced}"]],
  [
    "keeps the last ticket",
    [
      "balance{of:remaining}",
      "balance{of:stock}",
      "faults{kind:audit_unbalanced}",
      "faults{kind:notice_missing}",
      "faults{kind:stock_rise}",
    ],
  ],
  ["repeats a remaining number", ["balance{of:remaining}"]],
  ["goes negative", ["faults{kind:negative_stock}"]],
  ["stock rises", ["faults{kind:stock_rise}"]],
  ["pushes the same stock twice", ["faults{kind:stale_push}"]],
  ["skips an AVISO", ["faults{kind:notice_missing}"]],
  ["sends two AVISOs", ["faults{kind:notice_repeated}"]],
  ["AVISO before zero", ["faults{kind:notice_early}"]],
  ["AVISO to newcomers", ["faults{kind:notice_undue}"]],
  ["answers nonsense", ["faults{kind:unexpected_reply}"]],
  ["answers twice", ["faults{kind:unexpected_reply}"]],
  ["refuses by rate", ["faults{kind:unexpected_reply}"]],
  ["never answers one", ["faults{kind:unanswered}"]],
  ["forgets one connection", ["faults{kind:notice_missing}"]],
  ["drops one", ["faults{kind:connection_lost}"]],
  ["refuses one handshake", ["faults{kind:connection_failed}"]],
  ["audit does not balance", ["faults{kind:audit_unbalanced}"]],
  ["audit hides a sale", ["balance{of:ledger}"]],
  ["audit loses a code", ["faults{kind:audit_unbalanced}"]],
];

/** How a run differs from the usual one. */
type Meeting = { env?: Record<string, string>; interruptAfterMs?: number; stock?: number; state?: string };

/** Where the crowd can't begin, and what it says then. */
const REFUSALS: ReadonlyArray<[string, string, Meeting]> = [
  [
    "tickets outlast the people",
    "10 ingressos são mais do que 4 usuários com 2 rodadas compram: comece outra venda com --fresh --stock 8, ou menos.",
    { env: { USERS: "4" } },
  ],
  ["nothing is for sale", "Não há ingressos à venda: comece outra venda com --fresh.", { stock: 0 }],
  [
    "the sale hasn't opened",
    "A venda ainda não abriu: espere, ou inicie o servidor sem --opens-at.",
    { state: "scheduled" },
  ],
  ["the sale is paused", "A venda está pausada: abra-a antes.", { state: "paused" }],
  [
    "the sale is closed",
    "A venda está encerrada, e não abre mais: comece outra com --fresh.",
    { state: "closed" },
  ],
  [
    "no server answers",
    "Não há bilheteria em http://127.0.0.1:1 (connection refused). Inicie uma em outro terminal, ou diga onde está: -e HTTP_BASE=http://…",
    { env: { HTTP_BASE: "http://127.0.0.1:1" } },
  ],
  [
    "the server doesn't know the sale",
    'Não há venda "outra" em http://127.0.0.1:PORT.',
    { env: { SALE: "outra" } },
  ],
];

describe("the k6 crowd", function () {
  this.timeout(60_000);
  let k6: string;

  before(function () {
    const found = needK6();
    if (found === undefined) this.skip();
    else k6 = found;
  });

  it("passes a box office that keeps its promises", async () => {
    const run = await meet("none");
    expect(run.crossed, run.output).to.deep.equal([]);
    expect(run.code, run.output).to.equal(0);
    expect(run.output).to.include("VEREDITO: APROVADO").and.to.include("Comprados    10 de 10");
    expect(run.output).to.include("ouvido exatamente uma vez por 12 de 12");
  });

  for (const [lie, thresholds] of LIES) {
    it(`fails a box office that lies: ${lie}`, async () => {
      const run = await meet(lie);
      expect(run.code, run.output).to.equal(99);
      expect(run.crossed, run.output).to.deep.equal(thresholds);
      expect(run.output).to.include("VEREDITO: REPROVADO");
    });
  }

  it("fails when it is interrupted, however well everything went until then", async () => {
    const run = await meet("none", {
      env: { THINK_MIN_MS: "2000", THINK_MAX_MS: "2000" },
      interruptAfterMs: 1500,
    });
    expect(run.code, run.output).to.be.greaterThan(0);
    expect(run.crossed, run.output).to.include("balance{of:visits}");
  });

  it("says that it couldn't read the audit of a server that died, and nothing of what that sold", async () => {
    const run = await meet("dies in the middle");
    expect(run.code, run.output).to.equal(107);
    expect(run.output).to.match(/Comprados +\d de 10 \(a auditoria não respondeu\)/);
    expect(run.output).to.include(
      "FALHA        auditoria sem resposta: não se sabe quanto o servidor vendeu",
    );
    expect(run.output).not.to.include("que os usuários contaram");
    expect(run.output).to.include("VEREDITO: REPROVADO");
  });

  for (const [when, words, meeting] of REFUSALS) {
    it(`says in one line why it doesn't begin when ${when}`, async () => {
      const run = await meet("none", meeting);
      expect(run.code, run.output).to.equal(110);
      const output = run.output.replace(/(?<=127\.0\.0\.1:)\d{2,}/, "PORT");
      expect(output).to.include(`\n${words}\nVEREDITO: NÃO EXECUTADO\n`);
      expect(run.output).not.to.include(".js");
    });
  }

  it("doesn't begin with people who type too fast", async () => {
    const fast = await meet("none", { env: { THINK_MIN_MS: "10", LISTEN_MIN_S: "0.02" } });
    expect(fast.code, fast.output).to.equal(107);
    expect(fast.output).to.include("more than 50 commands a second");
  });

  async function meet(lie: Lie, meeting: Meeting = {}): Promise<CrowdRun> {
    const { env = {}, interruptAfterMs, stock = STOCK, state } = meeting;
    const office = new StubBoxOffice(stock, lie, state);
    const httpBase = await office.listen();
    try {
      return await runCrowd(k6, { HTTP_BASE: httpBase, ...env }, interruptAfterMs);
    } finally {
      await office.close();
    }
  }
});
