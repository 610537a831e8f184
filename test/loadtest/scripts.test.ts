/** spike.js, soak.js, watchers.js and api.js: each threshold is seen to fail once, as the crowd's are. */
import { expect } from "chai";
import { needK6, runScript, type CrowdRun, type Script } from "./k6.ts";
import { StubBoxOffice } from "./stub-box-office.ts";
import type { Lie } from "./stub-office.ts";
import { STUB_TOKEN } from "./stub-http.ts";

type Case = readonly [Lie, readonly string[], Record<string, string>?];

const fault = (kind: string): string => `faults{kind:${kind}}`;
const OVERSOLD = ["balance{of:remaining}", "balance{of:stock}", fault("audit_unbalanced")];

/** The lies that each script must see through, with the thresholds that they cross, and no others. */
const LIES: Readonly<Record<Exclude<Script, "crowd">, readonly Case[]>> = {
  spike: [
    ["sells before the opening", [fault("sold_early")]],
    ["opens without an AVISO to one", [fault("opening_missing")]],
    ["oversells", OVERSOLD],
    ["repeats a remaining number", ["balance{of:remaining}"]],
    ["skips an AVISO", [fault("notice_missing")]],
    ["sends two AVISOs", [fault("notice_repeated")]],
    ["AVISO before zero", [fault("notice_early")]],
    ["pushes the same stock twice", [fault("stale_push")]],
    ["answers twice", [fault("unexpected_reply")]],
    ["refuses one handshake", [fault("connection_failed")]],
    ["drops one", [fault("connection_lost")]],
    // Everybody buys with each press, so that nobody hears by a refusal that nothing is left.
    ["forgets one connection", [fault("notice_missing")], { STOCK: "36" }],
    ["never answers one", [fault("unanswered")]],
    ["audit hides a sale", ["balance{of:ledger}"]],
    ["answers slowly", ["buy_reply"], { BUY_P99_MS: "700" }],
  ],
  soak: [
    ["keeps sockets", [fault("sockets_left")]],
    ["forgets one connection", [fault("notice_missing")]],
    ["grows", ["server_growth_mib"]],
    ["answers slowly", ["buy_reply{half:first}", "buy_reply{half:second}"], { BUY_P99_MS: "700" }],
    ["repeats a remaining number", ["balance{of:remaining}"]],
    ["skips an AVISO", [fault("notice_missing")]],
    ["sends two AVISOs", [fault("notice_repeated")]],
    ["AVISO before zero", [fault("notice_early")]],
    ["pushes the same stock twice", [fault("stale_push")]],
    ["audit hides a sale", ["balance{of:ledger}"]],
    ["audit does not balance", [fault("audit_unbalanced")]],
  ],
  watchers: [
    ["pushes sums that don't add up", [fault("sums_broken")]],
    ["pushes numbers of long ago", ["freshness"]],
    ["sends an AVISO of long ago", ["notice_age"]],
    ["pushes no number", ["updates_heard", fault("ends_stale"), fault("notice_early")]],
    ["never pushes the last number to one program", [fault("ends_stale"), fault("notice_early")]],
    ["pushes a higher number", [fault("stock_rise")]],
    ["pushes the same stock twice", [fault("stale_push")]],
    ["skips an AVISO", [fault("notice_missing")]],
    ["sends two AVISOs", [fault("notice_repeated")]],
    ["AVISO before zero", [fault("notice_early")]],
    ["forgets one connection", [fault("notice_missing")]],
    ["repeats a remaining number", ["balance{of:remaining}"]],
    ["audit hides a sale", ["balance{of:ledger}"]],
  ],
  api: [
    [
      "a key buys twice",
      [
        "balance{of:ledger}",
        fault("receipt_changed"),
        "balance{of:remaining}",
        "balance{of:stock}",
        "balance{of:orders}",
      ],
    ],
    ["a key changes its receipt", [fault("receipt_changed")]],
    ["a key takes another order", [fault("mismatch_accepted")]],
    ["gives one place twice", ["balance{of:orders}"]],
    ["repeats a remaining number", ["balance{of:remaining}"]],
    ["oversells", ["balance{of:orders}", ...OVERSOLD]],
    ["audit loses a code", [fault("audit_unbalanced")]],
  ],
};

/** Runs that may be under way at once: most of each is waiting. */
const AT_ONCE = 4;

describe("the k6 scripts", function () {
  this.timeout(120_000);
  const runs = new Map<string, Promise<CrowdRun>>();
  let k6: string;

  before(function () {
    const found = needK6();
    if (found === undefined) {
      this.skip();
      return;
    }
    k6 = found;
    const lanes: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
    let turn = 0;
    for (const [script, cases] of Object.entries(LIES) as [Script, readonly Case[]][]) {
      for (const [lie, , env] of [["none", []] as Case, ...cases]) {
        const run = lanes[turn]!.then(() => meet(script, lie, env));
        lanes[turn] = run.catch(() => {});
        runs.set(`${script} ${lie}`, run);
        turn = (turn + 1) % AT_ONCE;
      }
    }
  });

  for (const [script, cases] of Object.entries(LIES)) {
    it(`${script}.js passes a box office that keeps its promises`, async () => {
      const run = await runs.get(`${script} none`)!;
      expect(run.crossed, run.output).to.deep.equal([]);
      expect(run.code, run.output).to.equal(0);
      expect(run.output).to.include("VEREDITO: APROVADO");
    });

    for (const [lie, thresholds] of cases) {
      it(`${script}.js fails a box office that lies: ${lie}`, async () => {
        const run = await runs.get(`${script} ${lie}`)!;
        expect(run.crossed, run.output).to.have.members(thresholds);
        expect(run.code, run.output).to.equal(99);
        expect(run.output).to.include("VEREDITO: REPROVADO");
      });
    }
  }

  it("say in one line why they don't begin where the token is another", async () => {
    const run = await meet("api", "none", { ADMIN_TOKEN: "somebody-else-s-token" });
    expect(run.code, run.output).to.equal(110);
    expect(run.output).to.match(
      /\nA venda de 20 ingressos não pôde ser criada em \S+ \(HTTP 401\)[^\n]+\nVEREDITO: NÃO/,
    );
  });

  it("buy what is there where no token is given", async () => {
    const run = await meet("spike", "none", { ADMIN_TOKEN: "" });
    expect(run.code, run.output).to.equal(0);
    expect(run.output).to.include("Comprados    8 (o servidor vendeu 8)");
  });

  async function meet(script: Script, lie: Lie, env: Record<string, string> = {}): Promise<CrowdRun> {
    const office = new StubBoxOffice(8, lie);
    const httpBase = await office.listen();
    try {
      return await runScript(k6, script, { HTTP_BASE: httpBase, ADMIN_TOKEN: STUB_TOKEN, ...env });
    } finally {
      await office.close();
    }
  }
});
