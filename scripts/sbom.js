/**
 * Prints the bill of materials of what a user installs, as CycloneDX JSON: `npm run --silent sbom`.
 *
 * Not `npm sbom --omit dev`, which leaves out whatever a tool for development needs as well (npm/cli issue 7909): `ws`
 * was missing, which every byte from outside goes through. So all is asked for, and what npm marks as development is
 * taken out here.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const MARK = "cdx:npm:package:development";

const args = ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application"];

// npm starts its scripts with its own path; on Windows its name alone would need a shell.
const [program, ...before] = process.env.npm_execpath
  ? [process.execPath, process.env.npm_execpath]
  : ["npm"];

const options = { cwd: ROOT, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 };

const bill = JSON.parse(execFileSync(program, [...before, ...args], options));

bill.components = bill.components.filter(
  ({ properties = [] }) => !properties.some(({ name, value }) => name === MARK && value === "true"),
);

const root = bill.metadata.component;

const kept = new Set([root["bom-ref"], ...bill.components.map((component) => component["bom-ref"])]);

bill.dependencies = bill.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => kept.has(other)) }));

// npm takes the folder's name.
root.name = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).name;

process.stdout.write(`${JSON.stringify(bill, null, 2)}\n`);
