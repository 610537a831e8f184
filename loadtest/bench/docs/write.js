/** Writes the measured parts of the documents: docs/performance.json, from it docs/performance.md with its plots, and docs/scale.md. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { scaleSections } from "../scale/report.js";
import { performanceSections } from "./performance.js";
import { plots } from "./plots.js";
import { withSection } from "./sections.js";

/** @typedef {import("./performance.js").Kept} Kept */

const DOCS = new URL("../../../docs/", import.meta.url);

/** Enough for every table, and no more. */
const DIGITS = 5;

/** @param {import("../suite.js").Result} result @param {(line: string) => void} say */
export function writeDocs(result, say) {
  const path = fileURLToPath(new URL("performance.json", DOCS));
  const before = existsSync(path) ? /** @type {Kept} */ (JSON.parse(readFileSync(path, "utf8"))) : null;
  const kept = keep(before, result);
  writeFileSync(path, `${JSON.stringify(kept, shorter, 1)}\n`);
  for (const [name, text] of documents(JSON.parse(readFileSync(path, "utf8")))) {
    writeFileSync(new URL(name, DOCS), text);
    say(`wrote docs/${name}`);
  }
}

/**
 * Every generated file as it has to be, by its path in docs/.
 *
 * @param {Kept} kept @returns {Map<string, string>}
 */
export function documents(kept) {
  const files = new Map(Object.entries(plots(kept)).map(([name, svg]) => [`images/${name}`, svg]));
  files.set("performance.md", filled("performance.md", performanceSections(kept)));
  files.set("scale.md", filled("scale.md", scaleSections(kept)));
  return files;
}

/** @param {string} name @param {Readonly<Record<string, string>>} sections */
function filled(name, sections) {
  const text = readFileSync(new URL(name, DOCS), "utf8");
  return Object.entries(sections).reduce((text, [name, section]) => withSection(text, name, section), text);
}

/**
 * A case that wasn't measured this time, or in vain, stays as it was; and so does what is said of the run, while most
 * cases are of an earlier one.
 *
 * @param {Kept | null} before @param {import("../suite.js").Result} result
 * @returns {Kept}
 */
function keep(before, result) {
  const { at, rounds } = result;
  const measured = Object.entries(result.cases)
    .filter(([, { fault }]) => fault === null)
    .map(([name, found]) => /** @type {const} */ ([name, { at, rounds, ...found }]));
  const cases = { ...before?.cases, ...Object.fromEntries(measured) };
  const isMost = measured.length > Object.keys(cases).length / 2;
  return { ...(before === null || isMost ? result : before), cases };
}

/** @param {string} _key @param {unknown} value */
function shorter(_key, value) {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(DIGITS)) : value;
}
