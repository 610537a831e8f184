/** `bilheteria crowd` from outside: against the real server, and where there is none; exit codes and words. */
import { expect } from "chai";
import type { CrowdResult } from "../../src/crowd/result.ts";
import { CROWD_FLAGS } from "../../src/command-line/crowd-flags.ts";
import { cleanup } from "../support/cleanup.ts";
import { eventually, within } from "../support/inbox.ts";
import { ADMIN_TOKEN, runBilheteria, spawnServer, type ListeningProcess } from "../support/start-server.ts";
import { ask } from "../support/http-client.ts";
import { StubBoxOffice } from "../loadtest/stub-box-office.ts";

const HURRY = [
  "--users",
  "40",
  "--rounds",
  "2-3",
  "--think",
  "20-80",
  "--listen",
  "0.1-0.2",
  "--notice-within",
  "20000",
];

/** Three processes have to start first, on a machine that may be busy. */
const PATIENCE_MS = 40_000;

function start(words: readonly string[]) {
  const crowd = runBilheteria(["crowd", ...words]);
  const exit = within(crowd.exit, "it exits", 2 * PATIENCE_MS);
  return { ...crowd, exit, output: () => crowd.log.all.join("\n") };
}

async function run(...words: readonly string[]) {
  const { exit, errors, output } = start(words);
  const code = await exit;
  return { code, errors: errors(), output: output() };
}

function urls({ httpPort, tcpPort }: ListeningProcess): string[] {
  return ["--url", `ws://127.0.0.1:${httpPort}`, "--url", `tcp://127.0.0.1:${tcpPort}`];
}

describe("bilheteria crowd", function () {
  this.timeout(120_000);

  it("passes the real server over both transports, with a table on its output and lines beside it", async () => {
    const server = await spawnServer(["--memory", "--stock", "50"]);
    const { code, output, errors } = await run(...HURRY, ...urls(server), "--seed", "5");
    expect(code, output).to.equal(0);
    expect(output).to.include("VEREDITO: APROVADO").and.to.include("Comprados        50 de 50");
    expect(output).to.include("ouvido exatamente uma vez por 40 de 40; 2 chegaram depois do fim");
    expect(errors).to.match(/^Multidão de 40 usuários \(20 ws, 20 tcp\), 50 ingressos, semente 5\n/);
    expect(errors).to.match(/^0:00 {2}.*estoque 50 {2}comprados 0 /m);
    expect(errors).to.match(/^0:\d\d {2}fim .*estoque 0 {2}comprados 50 .*AVISOs 40 /m);
    expect(errors, "no picture where there is no terminal").to.not.include("\u001b");
  });

  it("passes the real server with --chaos, and the audit knows who bought unanswered", async () => {
    const server = await spawnServer(["--memory", "--stock", "60"]);
    const words = [...HURRY, ...urls(server), "--users", "60", "--chaos", "--seed", "5", "--json"];
    const { code, output } = await run(...words);
    expect(code, output).to.equal(0);
    const result = JSON.parse(output) as CrowdResult;
    expect(result).to.include({ verdict: "passed", seed: 5 });
    const { chaos, audit, bought } = result;
    for (const kind of ["cuts", "rubbish", "slowReads", "unanswered"] as const) {
      expect(chaos?.[kind], kind).to.be.above(0);
    }
    expect(audit?.sold).to.equal(60);
    expect(chaos?.sales).to.equal(60 - bought);
  });

  it("fails the server without its queue, and shows what was sold too much", async () => {
    const server = await spawnServer(["--memory", "--unsafe-no-queue", "--stock", "30"]);
    const { code, output } = await run(...HURRY, ...urls(server), "--think", "20-40");
    expect(code, output).to.equal(1);
    expect(output).to.include("VEREDITO: REPROVADO");
    const [, bought] = /Comprados +(\d+) de 30 /.exec(output) ?? [];
    expect(Number(bought), output).to.be.above(30);
    for (const check of ["comprados = estoque", "auditoria fecha", '"Estoque restante" nunca repetido']) {
      expect(output).to.include(`FALHA  ${check}: `);
    }
  });

  it("goes to the sale whose address it is given", async () => {
    const server = await spawnServer(["--memory", "--stock", "5"]);
    const created = await ask(server.httpPort, "POST", "/api/admin/sales", {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      body: JSON.stringify({ id: "show", title: "Show", capacity: 20 }),
    });
    expect(created.status).to.equal(201);
    const url = `ws://127.0.0.1:${server.httpPort}/vendas/show`;
    const { code, output } = await run(...HURRY, "--url", url);
    expect(code, output).to.equal(0);
    expect(output).to.include("Comprados        20 de 20");
    expect((await ask(server.httpPort, "GET", "/api/sales/default")).json()).to.include({ sold: 0 });
  });

  it("exits with 1 where the server dies in the middle, and says what was lost", async () => {
    const server = await spawnServer(["--memory", "--stock", "60"]);
    const crowd = start([...HURRY, ...urls(server), "--rounds", "5", "--listen", "1"]);
    await eventually(() => /comprados [1-9]/.test(crowd.errors()), "somebody bought", PATIENCE_MS);
    server.kill("SIGKILL");
    const code = await crowd.exit;
    const output = crowd.output();
    expect(code, output).to.equal(1);
    expect(output).to.include("VEREDITO: REPROVADO");
    expect(output).to.match(/FALHA {2}cada conexão abriu, e durou: .*\d conexões que caíram/);
    expect(output).to.include("auditoria fecha: não pôde ser lida");
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`exits with 130 on ${signal}, after a report of what was counted until then`, async () => {
      const server = await spawnServer(["--memory", "--stock", "60"]);
      const crowd = start([...HURRY, ...urls(server), "--rounds", "5", "--listen", "30"]);
      await eventually(() => /comprados 40/.test(crowd.errors()), "everybody bought once", PATIENCE_MS);
      crowd.kill(signal);
      const code = await crowd.exit;
      const output = crowd.output();
      expect(code, output).to.equal(130);
      expect(output).to.include("VEREDITO: INTERROMPIDO (relatório parcial)");
      expect(output).to.include("Comprados        40 de 60 (auditoria: 40 vendidos ao todo)");
      expect(output).to.not.include("FALHA");
    });
  }

  it("tells its verdict by the exit code, and no trouble, when nobody reads any more", async () => {
    const server = await spawnServer(["--memory", "--stock", "20"]);
    const crowd = start([...HURRY, ...urls(server), "--users", "10", "--rounds", "2", "--json"]);
    crowd.child.stdout?.destroy();
    expect(await crowd.exit, crowd.errors()).to.equal(0);
    expect(crowd.errors()).to.not.include("EPIPE");
  });

  it("exits with 2 and one line where a flag can't be used", async () => {
    const { code, errors, output } = await run("--users", "0");
    expect(code).to.equal(2);
    expect(errors).to.match(/^bilheteria: --users 0: [^\n]+ Veja bilheteria crowd --help\n$/);
    expect(output).to.equal("");
  });

  it("exits with 0 after --help, which names every flag and exit code", async () => {
    const { code, output } = await run("--help");
    expect(code).to.equal(0);
    for (const flag of Object.keys(CROWD_FLAGS)) expect(output).to.match(new RegExp(`^  --${flag}\\b`, "m"));
    expect(output).to.match(/Sai com 0 .* 1 .* 2 .*\n.* 3 .* 130 /);
  });

  for (const [title, { stock, state }, flags, complaint] of [
    ["nothing is for sale", { stock: 0, state: "open" }, [], "não há ingressos à venda"],
    ["the sale hasn't opened", { stock: 5, state: "scheduled" }, [], "a venda ainda não abriu"],
    ["the sale is paused", { stock: 5, state: "paused" }, [], "a venda está pausada"],
    ["the sale is closed", { stock: 5, state: "closed" }, [], "a venda está encerrada"],
    [
      "the tickets outlast the people",
      { stock: 100, state: "open" },
      ["--rounds", "2"],
      "100 ingressos são mais do que 40 usuários compram nas suas rodadas (80): comece outra venda com --fresh --stock 80",
    ],
    [
      "the tickets outlast the people of every seed",
      { stock: 200, state: "open" },
      [],
      "): comece outra venda com --fresh --stock 80, ou menos",
    ],
    [
      "nobody answers over TCP",
      { stock: 5, state: "open" },
      ["--url", "tcp://127.0.0.1:1"],
      "ninguém atende em tcp://127.0.0.1:1 (ECONNREFUSED)",
    ],
  ] as const) {
    it(`exits with 3 and one line where ${title}`, async () => {
      const office = new StubBoxOffice(stock, "none", state);
      const http = await office.listen();
      cleanup(() => office.close());
      const { code, errors } = await run(...HURRY, "--url", http.replace("http", "ws"), ...flags);
      expect(code).to.equal(3);
      expect(errors)
        .to.include(complaint)
        .and.match(/^bilheteria: [^\n]+\n$/);
    });
  }

  it("exits with 3 and one line where there is no server", async () => {
    const { code, errors } = await run("--url", "ws://127.0.0.1:1");
    expect(code).to.equal(3);
    expect(errors).to.match(
      /^bilheteria: não há bilheteria em http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\)[^\n]+\n$/,
    );
  });

  it("exits with 3 where the server doesn't know the sale", async () => {
    const server = await spawnServer(["--memory"]);
    const { code, errors } = await run("--url", `ws://127.0.0.1:${server.httpPort}/vendas/outra`);
    expect(code).to.equal(3);
    expect(errors).to.include('não há venda "outra"');
  });
});
