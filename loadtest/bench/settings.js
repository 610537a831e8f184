/** Environment and flags become one object, with every time in milliseconds. README.md lists them. */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/**
 * @typedef {object} Load
 * @property {string} name
 * @property {number} connections
 * @property {number} inFlight commands that each connection keeps waiting for their replies
 * @property {number} bar how many times as fast as the echo server ours has to be
 */

/** @type {readonly Load[]} */
export const CASES = [
  { name: "64x1", connections: 64, inFlight: 1, bar: 0.65 },
  { name: "1000x1", connections: 1000, inFlight: 1, bar: 0.9 },
  { name: "64x16", connections: 64, inFlight: 16, bar: 2.5 },
];

/** The suite's cases. */
const SUITE = ["fanout", "storm", "watchers", "stalled", "databases", "journal", "purchases"];

/** Rows of the table of bars whose name isn't that of the case which measures them. @type {Readonly<Record<string, string>>} */
const ALIASES = { notices: "fanout", aviso: "fanout", idle: "storm" };

const PROFILES = {
  /** What the bars are judged by. */
  full: { ROUNDS: 5, WARM_UP_MS: 1000, MEASURE_MS: 3000 },
  /** Enough to see that everything still runs; too short to judge by. */
  ci: { ROUNDS: 1, WARM_UP_MS: 300, MEASURE_MS: 700 },
};

/** @typedef {ReturnType<typeof readSettings>} Settings */

/**
 * @param {NodeJS.ProcessEnv} env @param {readonly string[]} words
 * @throws {Error} that says which word or variable can't be used
 */
export function readSettings(env, words) {
  const { values: flags, positionals: names } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      docs: { type: "boolean", default: false },
      profile: { type: "string" },
    },
  });
  const profile = profileOf(flags.profile ?? (env.BENCH_PROFILE || "full"));

  /** @param {keyof typeof PROFILES.full} name */
  const count = (name) => {
    const value = Number(env[name] || PROFILES[profile][name]);
    if (!Number.isInteger(value) || value < 1) throw new Error(`${name}: a whole number from 1 on`);
    return value;
  };

  return {
    /** Cases of the suite; none means the purchases alone. */
    names: chosenNames(names),
    /** Whether docs/performance.md and docs/scale.md are written anew from what was measured. */
    docs: flags.docs,
    profile,
    rounds: count("ROUNDS"),
    /** Of the suite's cases, where others than the profile's are asked for. */
    suiteRounds: env.ROUNDS ? count("ROUNDS") : null,
    warmUpMs: count("WARM_UP_MS"),
    measureMs: count("MEASURE_MS"),
    cases: chosenCases(env.CASES),
    /** Server on processor 0, client on processor 1. The suite's cases do so unless told not to. */
    pin: env.PIN === "1",
    pinSuite: env.PIN !== "0",
    /** Where the servers' data and logs go; the repository's own disk unless said otherwise. */
    directory: env.BENCH_DIR || fileURLToPath(new URL("../../", import.meta.url)),
    /** For Node itself, given to both servers: `--cpu-prof`, say. */
    serverFlags: (env.SERVER_FLAGS ?? "").split(" ").filter((flag) => flag !== ""),
    json: flags.json,
  };
}

/** @param {readonly string[]} names @returns {readonly string[]} */
function chosenNames(names) {
  if (names.includes("all")) return SUITE;
  const chosen = names.map((name) => ALIASES[name] ?? name);
  const unknown = chosen.find((name) => !SUITE.includes(name));
  if (unknown === undefined) return [...new Set(chosen)];
  throw new Error(
    `there is no case ${unknown}; there are ${[...SUITE, ...Object.keys(ALIASES), "all"].join(", ")}`,
  );
}

/** @param {string} name @returns {"full" | "ci"} */
function profileOf(name) {
  if (name !== "full" && name !== "ci") throw new Error(`the profile is full or ci, not ${name}`);
  return name;
}

/** @param {string | undefined} names */
function chosenCases(names) {
  if (!names) return CASES;
  return names.split(",").map((name) => {
    const found = CASES.find((load) => load.name === name);
    if (!found) throw new Error(`CASES: ${CASES.map((load) => load.name).join(", ")}; not ${name}`);
    return found;
  });
}
