/** The same crowd against the server without its queue and against the real one: the verdicts differ. */
import { expect } from "chai";
import { cleanup } from "../support/cleanup.ts";
import { spawnServer } from "../support/start-server.ts";
import { findK6, runCrowd, type CrowdRun } from "./k6.ts";

const STOCK = 30;
/** Enough people close together that they meet between the look and the taking. */
const CROWD = {
  USERS: "40",
  USERS_PER_VU: "20",
  ROUNDS_MIN: "2",
  ROUNDS_MAX: "3",
  THINK_MIN_MS: "40",
  THINK_MAX_MS: "60",
  REPLY_TIMEOUT_S: "10",
};

describe("the k6 crowd and the server without its queue", function () {
  this.timeout(60_000);
  let k6: string;

  before(function () {
    const found = process.env["K6_ABSENT"] === "1" ? undefined : findK6();
    if (found !== undefined) {
      k6 = found;
      return;
    }
    if (process.env["CI"] && process.env["K6_ABSENT"] !== "1") {
      throw new Error("k6 is required where CI is set: bash scripts/install-k6.sh");
    }
    console.warn("  !! SKIPPED, there is no k6 here: bash scripts/install-k6.sh");
    this.skip();
  });

  it("ends with a failing verdict, and shows what was sold too much", async () => {
    const run = await meet(["--unsafe-no-queue"]);
    expect(run.code, run.output).to.equal(99);
    expect(run.crossed, run.output).to.include.members([
      "balance{of:remaining}",
      "balance{of:stock}",
      "faults{kind:audit_unbalanced}",
    ]);
    expect(run.output).to.include("VEREDITO: REPROVADO");
    const [, bought] = /Comprados +(\d+) de 30 /.exec(run.output) ?? [];
    expect(Number(bought), run.output).to.be.above(STOCK);
  });

  it("ends well against the server that has its queue", async () => {
    const run = await meet([]);
    expect(run.crossed, run.output).to.deep.equal([]);
    expect(run.code, run.output).to.equal(0);
    expect(run.output).to.include("VEREDITO: APROVADO").and.to.include("Comprados    30 de 30");
  });

  async function meet(flags: readonly string[]): Promise<CrowdRun> {
    const server = await spawnServer(["--memory", "--stock", String(STOCK), ...flags]);
    cleanup(() => server.kill("SIGTERM"));
    return runCrowd(k6, { HTTP_BASE: `http://127.0.0.1:${server.httpPort}`, ...CROWD });
  }
});
