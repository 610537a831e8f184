import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { arrowsFrom, circles, forbiddenArrows, reachedFrom, type Program } from "./support/arrows.ts";

/** From dist/test/ to the repository. */
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const PROGRAM = read(["src", "web", "loadtest"]);

describe("architecture", () => {
  it("is read from the files: all of the rooms, and imports between them", () => {
    for (const room of [
      "src/box-office/",
      "src/engine/",
      "src/journal/",
      "src/gateway/",
      "web/",
      "loadtest/",
    ]) {
      expect(
        [...PROGRAM.keys()].some((path) => path.startsWith(room)),
        room,
      ).to.equal(true);
    }
    const arrows = [...PROGRAM.keys()].flatMap((from) => arrowsFrom(PROGRAM, from));
    expect(arrows.length).to.be.above(200);
    for (const { from, to, isPackage } of arrows) {
      if (!isPackage && !to.startsWith("dist/"))
        expect(PROGRAM.has(to), `${from} imports ${to}`).to.equal(true);
    }
  });

  it("has no import that the design doesn't allow", () => {
    expect(forbiddenArrows(PROGRAM)).to.deep.equal([]);
  });

  it("has no circles, not even of types", () => {
    expect(circles(PROGRAM, "all")).to.deep.equal([]);
  });

  it("has a core without a clock, without input or output, and without waiting", () => {
    for (const [path, text] of PROGRAM) {
      if (!path.startsWith("src/box-office/")) continue;
      const code = text.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "");
      expect(code, path).to.not.match(
        /\b(Date|performance|process|globalThis|console|fetch|setTimeout|setInterval|setImmediate|async|await|Promise)\b/,
      );
      // The hashes of what is remembered begin with a random number, on which no answer depends.
      if (path !== "src/box-office/purchases.ts")
        expect(code, path).to.not.match(/\b(Math\.random|crypto)\b/);
    }
  });

  it("has a page that loads nothing but its own files and the protocol's", () => {
    const reached = reachedFrom(PROGRAM, "web/main.ts");
    expect(reached.size).to.be.above(5);
    for (const path of reached) expect(path).to.match(/^(web|src\/protocol)\//);
  });
});

describe("architecture: the checker", () => {
  it("takes what the design allows", () => {
    const program = programOf({
      "src/main.ts": 'import { engine } from "./engine/engine.ts";\nawait import("./gateway/session.ts");',
      "src/config.ts": 'import { z } from "zod";',
      "src/engine/engine.ts":
        'import { decide } from "../box-office/decide.ts";\nimport { Port } from "./ports.ts";',
      "src/engine/ports.ts": 'import type { Sale } from "../box-office/sale.ts";',
      "src/gateway/session.ts": [
        'import { Hub } from "../broadcast/hub.ts";',
        'import type { Port } from "../engine/ports.ts";',
        'import type { Limits } from "../limits.ts";',
        'import { createServer } from "node:http";',
      ].join("\n"),
      "src/broadcast/hub.ts": "",
      "src/box-office/decide.ts": "",
      "src/box-office/sale.ts": "",
      "web/main.ts": 'import { CloseCode } from "../src/protocol/close-codes.ts";',
      "src/protocol/close-codes.ts": "",
      "loadtest/crowd.js": 'import { visit } from "./crowd/visit.js";\nimport http from "k6/http";',
      "loadtest/crowd/visit.js": '/** @param {import("../../src/main.ts").Main} main */',
    });
    expect(forbiddenArrows(program)).to.deep.equal([]);
    expect(circles(program, "all")).to.deep.equal([]);
  });

  const bad: readonly (readonly [string, string, string])[] = [
    ["code of the core in a gateway", "src/gateway/a.ts", 'import { evolve } from "../box-office/b.ts";'],
    [
      "the engine itself in a gateway",
      "src/gateway/a.ts",
      'import type { Engine } from "../engine/engine.ts";',
    ],
    ["the engine itself behind a link", "src/cluster/a.ts", 'import { Engine } from "../engine/engine.ts";'],
    ["a gateway behind a link", "src/cluster/a.ts", 'import { Hub } from "../broadcast/hub.ts";'],
    ["code of the ports", "src/broadcast/a.ts", 'import { thing } from "../engine/ports.ts";'],
    ["a type among values", "src/broadcast/a.ts", 'import { type Clock } from "../engine/ports.ts";'],
    [
      "code of the core in the protocol",
      "src/protocol/a.ts",
      'import { rejected } from "../box-office/b.ts";',
    ],
    ["the journal in the engine", "src/engine/a.ts", 'import type { Disk } from "../journal/disk.ts";'],
    ["a package in the core", "src/box-office/a.ts", 'import { nanoid } from "nanoid";'],
    ["a built-in module in the core", "src/box-office/a.ts", 'import type { Hash } from "node:crypto";'],
    ["another room in the core", "src/box-office/a.ts", 'import type { Clock } from "../engine/ports.ts";'],
    ["the limits themselves in a room", "src/journal/a.ts", 'import { LIMITS } from "../limits.ts";'],
    ["the program's start in a room", "src/gateway/a.ts", 'import type { Server } from "../server.ts";'],
    ["the server in the page", "web/a.ts", 'import { Session } from "../src/gateway/session.ts";'],
    ["the page in the server", "src/server.ts", 'import { view } from "../web/view.ts";'],
    ["anything of src in the load test", "loadtest/a.js", 'import { LIMITS } from "../src/config.js";'],
    [
      "an import over several lines",
      "src/engine/a.ts",
      'import {\n  a,\n  b,\n} from "../gateway/session.ts";',
    ],
    ["an import at run time", "src/engine/a.ts", 'const { a } = await import("../gateway/session.ts");'],
    ["an import for its effects", "src/engine/a.ts", 'import "../gateway/session.ts";'],
    ["something exported again", "src/engine/a.ts", 'export { a } from "../gateway/session.ts";'],
    ["everything exported again", "src/engine/a.ts", 'export * from "../gateway/session.ts";'],
    [
      "a worker of another room",
      "src/engine/a.ts",
      'new Worker(new URL("../journal/worker.js", import.meta.url));',
    ],
    ["a room that nobody planned", "src/utils/a.ts", 'import { evolve } from "../box-office/b.ts";'],
  ];
  for (const [what, path, text] of bad) {
    it(`finds ${what}`, () => {
      const complaints = forbiddenArrows(programOf({ [path]: text }));
      expect(complaints).to.have.length(1);
      expect(complaints[0]).to.include(path);
    });
  }

  it("finds a circle, with or without types, and tells the way", () => {
    const program = programOf({
      "src/engine/a.ts": 'import { b } from "./b.ts";',
      "src/engine/b.ts": 'import type { C } from "./c.ts";',
      "src/engine/c.ts": 'import { b } from "./b.ts";',
    });
    expect(circles(program, "all")).to.deep.equal(["src/engine/b.ts → src/engine/c.ts → src/engine/b.ts"]);
    expect(circles(program, "values")).to.deep.equal([]);
    const running = programOf({
      "src/engine/a.ts": 'import { b } from "./b.ts";',
      "src/engine/b.ts": 'import { a } from "./a.js";',
    });
    expect(circles(running, "values")).to.deep.equal(["src/engine/a.ts → src/engine/b.ts → src/engine/a.ts"]);
  });

  it("follows what runs, not what only names types", () => {
    const program = programOf({
      "web/main.ts": 'import { a } from "./a.ts";\nimport type { Z } from "zod";',
      "web/a.ts": 'import { sirv } from "sirv";',
    });
    expect([...reachedFrom(program, "web/main.ts")]).to.deep.equal(["web/a.ts", "sirv"]);
  });
});

function programOf(files: Readonly<Record<string, string>>): Program {
  return new Map(Object.entries(files));
}

function read(folders: readonly string[]): Program {
  const paths = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !path.includes("node_modules")),
  );
  return new Map(
    paths.map((path) => [relative(ROOT, path).split(sep).join("/"), readFileSync(path, "utf8")]),
  );
}
