/** The documents and the code say the same: what a reader follows exists, and what code has is written down. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { COMMANDS, type OfflineCommand } from "../src/command-line/commands.ts";
import { EXIT } from "../src/command-line/offline.ts";
import { readSettings } from "../src/config.ts";
import { LIMITS } from "../src/limits.ts";
import { FLAGS } from "../src/flags.ts";
import { Metrics } from "../src/observability/metrics.ts";
import { tablesOf } from "./support/markdown-table.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const READMES = ["README.md", "README.pt-BR.md"];
const DOCUMENTS = [
  ...READMES,
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];
const DECISION_LIST = "README.md";
const DECISIONS = readdirSync(join(ROOT, "docs/decisions")).filter((name) => name !== DECISION_LIST);
/** Describes a format, section by section, rather than one choice. */
const SPECIFICATIONS = new Set(["0002-journal-format.md"]);

describe("docs/operations.md", () => {
  it("has every flag, with its variable and its default, and no other", () => {
    const documented = tableWith("flag").map(([flag, variable, value]) => ({ flag, variable, value }));
    expect(documented).to.have.deep.members(
      Object.entries(FLAGS).map(([name, { argument, environment, setting }]) => ({
        flag: code(argument === undefined ? `--${name}` : `--${name} <${argument}>`),
        variable: environment === undefined ? "–" : code(environment),
        value: argument === undefined ? "–" : defaultOf(setting),
      })),
    );
  });

  it("has every flag of every other command, and no other", () => {
    const documented = tableWith("command").map(([command, flag, variable, value]) => [
      command,
      flag,
      variable,
      value,
    ]);
    const actual = Object.entries<OfflineCommand>(COMMANDS).flatMap(([name, { flags }]) =>
      Object.entries(flags).map(([flag, { argument, environment, fallback, isRequired }]) => [
        code(name),
        code(argument === undefined ? `--${flag}` : `--${flag} <${argument}>`),
        environment === undefined ? "–" : code(environment),
        isRequired === true ? "must be given" : fallback === undefined ? "–" : code(fallback),
      ]),
    );
    expect(documented).to.deep.equal(actual);
  });

  it("shows every other command in use, and only those", () => {
    const text = read("docs/operations.md");
    const used = [...text.matchAll(/^(?:node dist\/src\/main\.js|bilheteria) (journal cat|[a-z]+)/gm)].map(
      (match) => match[1] ?? "",
    );
    expect(new Set(used)).to.deep.equal(new Set(Object.keys(COMMANDS)));
  });

  it("tells the limits that the server has", () => {
    const rows = tableWith("name");
    expect(rows).to.have.length.above(20);
    for (const [name = "", value = ""] of rows) {
      const path = uncode(name).split(".");
      const actual = path.reduce<unknown>(
        (limits, part) => (limits as Readonly<Record<string, unknown>> | undefined)?.[part],
        LIMITS,
      );
      expect(quantity(value), name).to.equal(actual);
    }
  });

  it("has every metric of the program, with its type, and no other", async () => {
    const documented = tableWith("metric").map(([name = "", type]) => `${uncode(name)} ${type}`);
    expect(documented.toSorted()).to.deep.equal((await exportedMetrics()).toSorted());
  });

  it("has every exit code that main.ts names", () => {
    const codes = tableWith("exit code").map(([exit]) => exit);
    const comment = /Exit codes:([^/]*)/.exec(read("src/main.ts"))?.[1] ?? "";
    expect(codes).to.deep.equal([...comment.matchAll(/\b(\d) /g)].map((match) => match[1]));
  });

  it("has a service unit that doesn't start again what a start can't mend or would sell anew", () => {
    const codes = /^RestartPreventExitStatus=(.*)$/m.exec(read("docs/operations.md"))?.[1]?.split(" ");
    const { badCommandLine, damaged, gone } = EXIT;
    expect(codes?.map(Number)).to.have.members([badCommandLine, damaged, gone]);
  });
});

describe("the documents", () => {
  it("link to files and headings that exist", () => {
    const broken = DOCUMENTS.flatMap((document) =>
      linksOf(document)
        .filter((target) => !leadsSomewhere(document, target))
        .map((target) => `${document}: ${target}`),
    );
    expect(broken).to.deep.equal([]);
  });

  it("name npm scripts that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    for (const document of DOCUMENTS) {
      const commands = read(document).matchAll(/\bnpm (?:run (?:--silent )?([\w:]+)|(start|test)\b)/g);
      for (const [command, script, short] of commands) {
        expect(scripts, `${document}: ${command}`).to.have.property(script ?? short ?? "");
      }
    }
  });

  it("start Node as npm does, where it serves as a service or in a container", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const flags = /^node (--\S+) dist\/src\/main\.js serve$/.exec(scripts["start"] ?? "")?.[1] ?? "none";
    const operations = read("docs/operations.md");
    expect(operations).to.include(`ExecStart=/usr/bin/node ${flags} /`);
    expect(operations).to.include(
      `Run \`node ${flags} dist/src/main.js serve\` itself as the container's command`,
    );
    expect(operations).to.include(`NODE_OPTIONS=${flags}`);
  });

  it("name files in commands that exist", () => {
    const missing = DOCUMENTS.flatMap((document) =>
      [...read(document).matchAll(/\b(?:bash|k6 run(?: -e \S+)?) ((?:scripts|loadtest|\.ci)\/[\w./-]+)/g)]
        .map((match) => match[1] ?? "")
        .filter((path) => !existsSync(join(ROOT, path)))
        .map((path) => `${document}: ${path}`),
    );
    expect(missing).to.deep.equal([]);
  });

  it("are all reachable from README.md", () => {
    const found = new Set(["README.md"]);
    for (const document of found) {
      for (const target of linksOf(document)) {
        const path = relative(ROOT, join(ROOT, dirname(document), target.split("#")[0] ?? ""));
        if (path.endsWith(".md") && existsSync(join(ROOT, path))) found.add(path);
      }
    }
    expect([...found]).to.include.members(DOCUMENTS);
  });
});

for (const readme of READMES) {
  describe(readme, () => {
    for (const command of ["npm ci && npm start", "npm ci && npm test"]) {
      it(`has the command ${command} on a line of its own`, () => {
        expect(read(readme).split("\n")).to.include(command);
      });
    }

    it("has the same commands as the other", () => {
      const [ours, theirs] = [readme, ...READMES.filter((other) => other !== readme)].map((name) =>
        read(name)
          .split("\n")
          .filter((line) => /^(npm|k6|for|curl) /.test(line))
          .map((line) => line.replace("order-1", "pedido-1")),
      );
      expect(ours).to.have.length.above(5);
      expect(ours).to.deep.equal(theirs);
    });

    it("quotes test titles that exist", () => {
      const titles = [...read(readme).matchAll(/npm test -- -g "([^"]+)"/g)].map((match) => match[1] ?? "");
      const tests = readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".test.ts") && name !== "docs.test.ts")
        .map((name) => read(join("test", name)));
      expect(titles).to.have.length(2);
      for (const title of titles) {
        const asked = new RegExp(`(?:describe|it)\\(\\s*"[^"]*${title}`);
        expect(
          tests.some((text) => asked.test(text)),
          title,
        ).to.equal(true);
      }
    });
  });
}

describe("the decisions", () => {
  it("are numbered without gaps", () => {
    const numbers = DECISIONS.map((name) => Number(/^(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1]));
    expect(numbers).to.have.members(numbers.map((_number, i) => i + 1));
  });

  it("are listed by number, with their titles", () => {
    const listed = read(join("docs/decisions", DECISION_LIST)).matchAll(/^(\d+)\. \[(.+)\]\((.+)\)$/gm);
    expect([...listed].map(([, number, title, name]) => ({ number, title, name }))).to.deep.equal(
      DECISIONS.toSorted().map((name) => {
        const [, number, title] = /^# (\d+)\. (.+)$/m.exec(read(join("docs/decisions", name))) ?? [];
        return { number, title, name };
      }),
    );
  });

  for (const name of DECISIONS) {
    it(`${name} has its number, its state and its date`, () => {
      const [title = "", , state = ""] = read(join("docs/decisions", name)).split("\n");
      expect(title).to.match(new RegExp(`^# ${Number(name.slice(0, 4))}\\. \\S`));
      expect(state).to.match(/^(Accepted|Replaced by \d{4}), \d{4}-\d{2}-\d{2}\.$/);
    });

    if (SPECIFICATIONS.has(name)) continue;

    it(`${name} says context, decision, alternatives and consequences`, () => {
      const text = read(join("docs/decisions", name));
      const sections = text.split(/^## /m).slice(1);
      expect(sections.map((section) => section.split("\n")[0])).to.deep.equal([
        "Context",
        "Decision",
        "Alternatives",
        "Consequences",
      ]);
      for (const section of sections) expect(section.length).to.be.above(100);
    });
  }
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** The rows of the table whose first column has this name, without the header. */
function tableWith(column: string): string[][] {
  const table = tablesOf(read("docs/operations.md")).find(([header]) => header?.[0] === column);
  expect(table, column).to.not.equal(undefined);
  return table?.slice(1) ?? [];
}

function code(text: string): string {
  return `\`${text}\``;
}

function uncode(cell: string): string {
  return cell.replaceAll("`", "");
}

function defaultOf(setting: string): string {
  const value = (
    readSettings([], {}) as Readonly<
      Record<string, string | number | boolean | readonly string[] | undefined>
    >
  )[setting];
  return value === undefined || Array.isArray(value) ? "–" : code(String(value));
}

/** `64 MiB` in bytes, `5 s` in milliseconds, `10,000` as it is. */
function quantity(text: string): number {
  const [digits = "", unit = ""] = text.replaceAll(",", "").split(" ");
  const units: Readonly<Record<string, number>> = { "": 1, KiB: 1024, MiB: 1024 * 1024, ms: 1, s: 1000 };
  return Number(digits) * (units[unit] ?? Number.NaN);
}

/** `name type` of everything but what prom-client says of the process. */
async function exportedMetrics(): Promise<string[]> {
  const metrics = new Metrics();
  const none = (): number => 0;
  metrics.read({
    queueLength: none,
    subscribers: none,
    connections: () => ({ ws: 0, tcp: 0, sockets: 0 }),
    sessionFaults: none,
    slowReaders: none,
    refusedConnections: none,
    droppedLogLines: none,
    workers: () => ({ running: 0, lost: 0 }),
    loopDelayElsewhere: none,
    sales: () => [],
    journalReady: () => true,
  });
  const { body } = await metrics.scrape();
  return [...body.matchAll(/^# TYPE (\S+ \S+)$/gm)]
    .map((match) => match[1] ?? "")
    .filter((line) => !/^bilheteria_(process|nodejs)_/.test(line));
}

/** What a document links to within the project: paths, headings, or both. Code blocks hold no links. */
function linksOf(document: string): string[] {
  const prose = read(document).replaceAll(/^```[^]*?^```/gm, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? "")
    .filter((target) => !/^[a-z]+:/.test(target));
}

function leadsSomewhere(document: string, target: string): boolean {
  const [path = "", heading] = target.split("#");
  const file = path === "" ? document : join(dirname(document), path);
  if (!existsSync(join(ROOT, file))) return false;
  return heading === undefined || headingsOf(file).includes(heading);
}

/** Headings as GitHub turns them into addresses. */
function headingsOf(document: string): string[] {
  return [...read(document).matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? "")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
