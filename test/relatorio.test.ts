/** docs/relatorio.md says what was measured and names what there is. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { readSettings } from "../src/config.ts";
import { LAB_FLAGS, readLabSettings, type LabFlag } from "../src/command-line/lab-settings.ts";
import { STRATEGIES } from "../src/lab/strategy.ts";
import { tablesOf } from "./support/markdown-table.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const REPORT = readFileSync(join(ROOT, "docs/relatorio.md"), "utf8");

describe("docs/relatorio.md", function () {
  this.timeout(30_000);

  it("has the tables and pictures that its figures give, and no others", () => {
    const { status, stderr } = spawnSync(process.execPath, ["scripts/relatorio.js", "--check"], {
      cwd: ROOT,
      encoding: "utf8",
    });
    expect(status, stderr).to.equal(0);
  });

  it("has a row for every strategy, by its name in the table of the lab", () => {
    const [measured] = tablesWith("estratégia");
    expect(measured?.map(([title]) => title)).to.deep.equal(STRATEGIES.map(({ title }) => title));
  });

  it("tells figures that bear out its words: the protected are always right, the others oversell in 9 of 10", () => {
    const [classroom = [], crowd = []] = tablesWith("estratégia");
    for (const table of [classroom, crowd]) {
      for (const [i, { title, isProtected }] of STRATEGIES.entries()) {
        const [, , , oversold = "", , right = ""] = table[i] ?? [];
        const [times = 0, runs = 0] = numbers(oversold);
        if (isProtected) expect(numbers(right), title).to.deep.equal([runs, runs]);
        else expect(times / runs, title).to.be.at.least(0.9);
      }
    }
    const thousand = tablesWith("estratégia").find((rows) => rows.length === 3) ?? [];
    for (const [title, , , , , right = ""] of thousand)
      expect(numbers(right), title).to.deep.equal([1000, 1000]);
    expect(thousand).to.have.length(3);
  });

  it("has every option of the lab, with its default, and no other", () => {
    const [options = []] = tablesWith("opção");
    expect(options.map(([flag, standard]) => ({ flag, standard }))).to.deep.equal(
      Object.entries<LabFlag>(LAB_FLAGS).map(([name, { argument, standard }]) => ({
        flag: `\`--${name}${argument === undefined ? "" : ` <${argument}>`}\``,
        standard: standard === undefined ? "–" : `\`${standard}\``,
      })),
    );
  });

  it("answers each criterion with a command", () => {
    const [criteria = []] = tablesWith("critério");
    expect(criteria).to.have.length(7);
    for (const [criterion, , command] of criteria)
      expect(command, criterion).to.match(/`(npm test|k6 run|node) [^`]+`/);
  });

  it("names commands of the program that it understands", () => {
    const commands = [...REPORT.matchAll(/node dist\/src\/main\.js (lab|serve)([^`\n]*)/g)];
    expect(commands.length).to.be.above(8);
    for (const [line, command, words = ""] of commands) {
      const args = words.split(" ").filter((word) => word !== "");
      const read = (): unknown => (command === "lab" ? readLabSettings(args) : readSettings(args, {}));
      expect(read, line).to.not.throw();
    }
  });

  it("names tests and scripts of k6 that exist", () => {
    const titles = [...REPORT.matchAll(/npm test -- -g "([^"]+)"/g)].map(([, title = ""]) => title);
    const tests = readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => readFileSync(join(ROOT, "test", name), "utf8"));
    expect(titles.length).to.be.above(7);
    for (const title of titles) {
      const asked = new RegExp(`(?:describe|it)\\(\\s*"[^"]*${title}`);
      expect(
        tests.some((text) => asked.test(text)),
        title,
      ).to.equal(true);
    }
    for (const [, path = ""] of REPORT.matchAll(/k6 run [^\n`]*(loadtest\/\S+\.js)/g))
      expect(existsSync(join(ROOT, path)), path).to.equal(true);
  });
});

/** Tables whose first column has this name, without the header. */
function tablesWith(column: string): string[][][] {
  return tablesOf(REPORT)
    .filter(([header]) => header?.[0] === column)
    .map((table) => table.slice(1));
}

/** `100 de 1.000 (até 2)` is 100, 1000, 2. */
function numbers(cell: string): number[] {
  return [...cell.matchAll(/\d[\d.]*/g)].map(([digits]) => Number(digits.replaceAll(".", "")));
}
