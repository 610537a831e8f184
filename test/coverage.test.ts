/** `npm run coverage:core` measures what is loaded: so each file with code in those rooms has to be, by their own tests. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { reachedFrom } from "./support/arrows.ts";

/** From dist/test/ to the repository. */
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const ROOMS = ["box-office", "engine", "journal"];

/** Loaded by its address, as a thread. */
const THREADS = ["src/journal/fold-worker.ts"];

describe("the coverage of the core", () => {
  it("measures every file of its rooms that has code", () => {
    const program = new Map(["src", "test"].flatMap((folder) => read(folder)));
    const loaded = new Set(THREADS);
    for (const path of program.keys()) {
      if (ROOMS.some((room) => path.startsWith(`test/${room}/`))) reachedFrom(program, path, loaded);
    }
    const files = [...program.keys()].filter((path) => ROOMS.some((room) => path.startsWith(`src/${room}/`)));
    expect(files).to.have.length.above(40);
    expect(files.filter((path) => hasCode(path) && !loaded.has(path))).to.deep.equal([]);
  });

  it("is held to all lines and branches of just these rooms", () => {
    const config = JSON.parse(readFileSync(join(ROOT, ".c8-core.json"), "utf8")) as Record<string, unknown>;
    expect(config["include"]).to.deep.equal(ROOMS.map((room) => `dist/src/${room}/**`));
    expect(config).to.include({ "check-coverage": true, lines: 100, branches: 100, statements: 100 });
  });
});

/** Files of nothing but types compile to nothing. */
function hasCode(path: string): boolean {
  const compiled = readFileSync(join(ROOT, "dist", path.replace(/\.ts$/, ".js")), "utf8");
  return !/^export \{\};\s*(\/\/.*\s*)?$/.test(compiled.replaceAll(/\/\*[^]*?\*\//g, "").trim());
}

function read(folder: string): [string, string][] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(ROOT, folder, name))
    .map((path) => [relative(ROOT, path).split(sep).join("/"), readFileSync(path, "utf8")]);
}
