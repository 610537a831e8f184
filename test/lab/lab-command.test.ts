/** `bilheteria lab` from outside: what it prints, its exit codes, and what it says to a wrong word. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { Summary } from "../../src/lab/summary.ts";
import { STRATEGY_NAMES } from "../../src/lab/strategy.ts";
import { temporaryDirectory } from "../support/cleanup.ts";
import { within } from "../support/inbox.ts";
import { runBilheteria } from "../support/start-server.ts";

async function lab(...words: readonly string[]) {
  const cwd = await temporaryDirectory();
  const { exit, errors, log } = runBilheteria(["lab", ...words], { cwd });
  const code = await within(exit, "it exits", 30_000);
  return { code, errors: errors(), output: log.all.join("\n"), cwd };
}

describe("bilheteria lab", function () {
  this.timeout(60_000);

  it("prints a table with each strategy and what follows from it, and exits with 0", async () => {
    const { code, output, errors, cwd } = await lab("--repetitions", "3");
    expect(errors).to.equal("");
    expect(code).to.equal(0);
    expect(output).to.include("12 compradores, 10 ingressos, 3 repetições");
    expect(output).to.include("Entre ler e gravar o contador: espera de 2 ms em média");
    for (const title of ["nada (threads)", "nada (await no meio)", "trava (mutex)", "fila (o produto)"]) {
      expect(output).to.match(new RegExp(`^${title.replaceAll(/[()]/g, "\\$&")} +\\d`, "m"));
    }
    expect(output).to.include("As protegidas não venderam nenhum ingresso a mais");
    expect(await readdir(cwd)).to.deep.equal([]);
  });

  it("counts one buyer, one ticket and one repetition as one", async () => {
    const { output } = await lab(
      "--buyers",
      "1",
      "--stock",
      "1",
      "--repetitions",
      "1",
      "--strategies",
      "await,queue",
    );
    expect(output).to.include("1 comprador, 1 ingresso, 1 repetição; semente");
    expect(output).to.include("vendeu a mais em 0 de 1 repetição");
  });

  it("--json says the same to programs, in the order of the table", async () => {
    const { code, output } = await lab(
      "--json",
      "--repetitions",
      "2",
      "--strategies",
      "queue,await",
      "--seed",
      "7",
    );
    expect(code).to.equal(0);
    const summary = JSON.parse(output) as Summary;
    expect(summary).to.include({
      buyers: 12,
      stock: 10,
      repetitions: 2,
      seed: 7,
      threads: null,
      interrupted: false,
    });
    expect(summary.strategies.map(({ name }) => name)).to.deep.equal(["await", "queue"]);
    expect(summary.strategies[1]).to.include({ isProtected: true, rightRuns: 2, oversoldRuns: 0 });
  });

  it("--svg draws a picture into the file", async () => {
    const file = join(await temporaryDirectory(), "lab.svg");
    const { code } = await lab("--repetitions", "1", "--svg", file);
    expect(code).to.equal(0);
    expect(await readFile(file, "utf8")).to.match(/^<svg [^]*compare-and-swap[^]*<\/svg>\n$/);
  });

  it("exits with 1 where the picture can't be written, after the table", async () => {
    const file = join(await temporaryDirectory(), "missing", "lab.svg");
    const { code, output, errors } = await lab("--repetitions", "1", "--strategies", "await", "--svg", file);
    expect(code).to.equal(1);
    expect(output).to.include("nada (await no meio)");
    expect(errors).to.equal(`bilheteria: a figura não pôde ser gravada em ${file} (ENOENT)\n`);
  });

  it("--help names every strategy and exits with 0", async () => {
    const { code, output } = await lab("--help");
    expect(code).to.equal(0);
    for (const name of STRATEGY_NAMES) expect(output).to.match(new RegExp(`^  ${name} `, "m"));
    for (const line of output.split("\n")) expect(line.length, line).to.be.at.most(120);
  });

  for (const [title, words, complaint] of [
    ["an unknown option", ["--buyer", "3"], "não há opção --buyer"],
    ["a word too many", ["12"], '"12" sobra na linha de comando'],
    ["a number below zero", ["--stock", "-5"], "--stock -5: use um número inteiro"],
    ["an option without its value", ["--stock"], "--stock precisa de um valor"],
    ["a switch with a value", ["--json=yes"], "--json não leva valor"],
    ["no buyers", ["--buyers", "0"], "--buyers 0: use um número inteiro de 1 a 100.000"],
    ["half a ticket", ["--stock", "1.5"], "--stock 1.5: use um número inteiro"],
    ["a negative seed", ["--seed=-1"], "--seed -1: use um número inteiro de 0 a"],
    ["too many repetitions", ["--repetitions", "10001"], "de 1 a 10.000"],
    ["an unknown strategy", ["--strategies", "mutex,sorte"], 'não há estratégia "sorte"; há none, await'],
    ["no strategy", ["--strategies", ""], 'não há estratégia ""'],
    ["unknown work", ["--work", "sleep:2"], "--work sleep:2: use none, wait:<ms> ou spin:<µs>"],
    ["too much work", ["--work", "wait:1001"], "até 1.000 ms"],
    ["a picture without a name", ["--svg", ""], "--svg: diga o nome do arquivo"],
  ] as const) {
    it(`${title} exits with 2 and one line in Portuguese`, async () => {
      const { code, errors, output } = await lab(...words);
      expect(code).to.equal(2);
      expect(output).to.equal("");
      expect(errors)
        .to.match(/^bilheteria: [^\n]+\. Veja bilheteria lab --help\n$/)
        .and.include(complaint);
    });
  }

  it("ends without a word when nobody reads any more", async () => {
    const lab = runBilheteria(["lab", "--repetitions", "2"]);
    lab.child.stdout?.destroy();
    expect(await within(lab.exit, "it exits", 30_000)).to.equal(1);
    expect(lab.errors()).to.equal("");
  });

  it("Ctrl+C ends it after the race under way with exit code 130, and shows what was measured", async () => {
    const lab = runBilheteria(["lab", "--strategies", "await,mutex", "--repetitions", "10000"]);
    await within(
      lab.log.until((line) => line.startsWith("Threads de verdade")),
      "it has begun",
    );
    lab.kill("SIGINT");
    expect(await within(lab.exit, "it exits", 30_000)).to.equal(130);
    const output = lab.log.all.join("\n");
    expect(output).to.include("INTERROMPIDO: o que está acima é o que deu tempo de medir.");
    expect(output).to.match(/^nada \(await no meio\) +12 /m);
  });
});
