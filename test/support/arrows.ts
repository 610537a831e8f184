/**
 * Who imports whom. Text in, findings out, so that the checker itself can be tested on programs that nobody wrote.
 */
import { posix } from "node:path";

/** Path from the repository's root, to the file's text. */
export type Program = ReadonlyMap<string, string>;

export interface Arrow {
  readonly from: string;
  /** A path of the program, or a package's name as it was written. */
  readonly to: string;
  readonly isPackage: boolean;
  /** Gone after compilation. */
  readonly typeOnly: boolean;
}

interface Permissions {
  /** Rooms or files whose code it may run. */
  readonly values: readonly string[];
  /** Rooms or files that it may name types of. */
  readonly types: readonly string[];
}

const PORTS = "src/engine/ports.ts";
const CORE = "src/box-office";

/**
 * DESIGN.md, "Rooms". The ports, the messages and the frames speak of sales and purchases, so whoever may use those may
 * name the core's types; its code runs in the engine, in what replays (the journal) and in the experiments alone.
 */
const MAY: Readonly<Record<string, Permissions>> = {
  "src/box-office": { values: [], types: [] },
  "src/protocol": { values: [], types: [CORE] },
  "src/bytes": { values: [], types: [] },
  "src/engine": { values: [CORE], types: [] },
  "src/journal": { values: [CORE, "src/bytes"], types: [PORTS] },
  "src/broadcast": { values: ["src/protocol"], types: [PORTS, CORE] },
  "src/gateway": { values: ["src/protocol", "src/broadcast"], types: [PORTS, CORE] },
  "src/cluster": { values: [], types: [PORTS, CORE] },
  "src/observability": { values: ["src/bytes"], types: [PORTS, CORE] },
  "src/lab": { values: [CORE, "src/engine", "src/journal"], types: [] },
  "src/crowd": { values: ["src/protocol"], types: [CORE] },
  web: { values: ["src/protocol"], types: [CORE] },
  loadtest: { values: [], types: [] },
};

/** The files right under src/, and the commands that they hand on to. */
const OUTSIDE = new Set(["src", "src/command-line"]);

/** Whose types everybody may name: what the program was told, and what it may take. */
const CONFIG = new Set(["src/config.ts", "src/limits.ts"]);

/** The built command, which a benchmark starts as its users do. */
const COMMAND = "dist/src/main.js";

/** Every import that the design doesn't allow, as a sentence. */
export function forbiddenArrows(program: Program): string[] {
  return [...program.keys()].flatMap((from) => arrowsFrom(program, from).flatMap(complain));
}

/** Circles of imports, each as the files that it goes through. @param of what runs, or what names types too. */
export function circles(program: Program, of: "values" | "all"): string[] {
  const found: string[] = [];
  const finished = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    const before = way.indexOf(file);
    if (before !== -1) {
      found.push([...way.slice(before), file].join(" → "));
      return;
    }
    if (finished.has(file)) return;
    for (const { to, isPackage, typeOnly } of arrowsFrom(program, file)) {
      if (!isPackage && (of === "all" || !typeOnly)) visit(to, [...way, file]);
    }
    finished.add(file);
  };
  for (const file of program.keys()) visit(file, []);
  return found;
}

/** All that runs when this file does: files and packages. */
export function reachedFrom(program: Program, file: string, reached = new Set<string>()): Set<string> {
  for (const { to, isPackage, typeOnly } of arrowsFrom(program, file)) {
    if (typeOnly || reached.has(to)) continue;
    reached.add(to);
    if (!isPackage) reachedFrom(program, to, reached);
  }
  return reached;
}

export function arrowsFrom(program: Program, from: string): Arrow[] {
  return importsOf(program.get(from) ?? "").map(({ specifier, typeOnly }) => {
    const isPackage = !specifier.startsWith(".");
    const to = isPackage ? specifier : resolve(program, from, specifier);
    return { from, to, isPackage, typeOnly };
  });
}

function complain({ from, to, isPackage, typeOnly }: Arrow): string[] {
  const room = roomOf(from);
  if (isPackage) return room === CORE ? [`${from} imports ${to}, but the core imports nothing`] : [];
  const target = roomOf(to);
  if (target === room || (CONFIG.has(to) && typeOnly) || (room === "loadtest" && to === COMMAND)) return [];
  // What puts the parts together may import everything, and nobody else may import it.
  if (OUTSIDE.has(room)) return target === "web" || target === "loadtest" ? [`${from} imports ${to}`] : [];
  const may = MAY[room];
  if (may === undefined) return [`${from} is in no room that the design knows`];
  const allowed = typeOnly ? [...may.values, ...may.types] : may.values;
  if (allowed.includes(target) || allowed.includes(to)) return [];
  return [`${from} imports ${typeOnly ? "types of " : ""}${to}`];
}

/** `src/<folder>`, `src` for the files right under it, or the first folder. */
function roomOf(path: string): string {
  const parts = path.split("/");
  return parts[0] === "src" && parts.length > 2 ? `src/${parts[1]}` : (parts[0] ?? "");
}

function importsOf(text: string): { readonly specifier: string; readonly typeOnly: boolean }[] {
  const code = text
    .split("\n")
    .filter((line) => !/^\s*(\*|\/\*|\/\/)/.test(line))
    .join("\n");
  const found: { specifier: string; typeOnly: boolean }[] = [];
  const add = (pattern: RegExp, typeOnly: (match: RegExpMatchArray) => boolean): void => {
    for (const match of code.matchAll(pattern)) {
      found.push({ specifier: match.at(-1) ?? "", typeOnly: typeOnly(match) });
    }
  };
  add(
    /^[ \t]*(?:import|export)\s+(type\s)?(?:[\w*{][^;"']*?)\sfrom\s+["']([^"']+)["']/gm,
    (match) => match[1] !== undefined,
  );
  add(/^[ \t]*import\s+["']([^"']+)["']/gm, () => false);
  add(/\bimport\(\s*["']([^"']+)["']/g, () => false);
  // A worker's or another program's file.
  add(/\bnew URL\(\s*["'](\.[^"']+\.[jt]s)["']/g, () => false);
  return found;
}

/** `.js` in an import names the `.ts` that it is compiled from, where there is one. */
function resolve(program: Program, from: string, specifier: string): string {
  const path = posix.normalize(posix.join(posix.dirname(from), specifier));
  const source = path.replace(/\.js$/, ".ts");
  return program.has(source) ? source : path;
}
