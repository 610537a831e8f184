/** Environment and flags become one object, with every time in milliseconds. README.md lists them. */
import { fileURLToPath } from "node:url";

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

const PROFILES = {
  /** What the bars are judged by. */
  full: { ROUNDS: 5, WARM_UP_MS: 1000, MEASURE_MS: 3000 },
  /** Enough to see that everything still runs; too short to judge by. */
  ci: { ROUNDS: 1, WARM_UP_MS: 300, MEASURE_MS: 700 },
};

/** @typedef {ReturnType<typeof readSettings>} Settings */

/** @param {NodeJS.ProcessEnv} env @param {readonly string[]} flags */
export function readSettings(env, flags) {
  const unknown = flags.find((flag) => flag !== "--json");
  if (unknown !== undefined) throw new Error(`${unknown}: the only flag is --json`);
  const profile = env.BENCH_PROFILE || "full";
  if (profile !== "full" && profile !== "ci") throw new Error(`BENCH_PROFILE: full or ci, not ${profile}`);

  /** @param {keyof typeof PROFILES.full} name */
  const count = (name) => {
    const value = Number(env[name] || PROFILES[profile][name]);
    if (!Number.isInteger(value) || value < 1) throw new Error(`${name}: a whole number from 1 on`);
    return value;
  };

  return {
    profile,
    rounds: count("ROUNDS"),
    warmUpMs: count("WARM_UP_MS"),
    measureMs: count("MEASURE_MS"),
    cases: chosenCases(env.CASES),
    /** Server on processor 0, client on processor 1. */
    pin: env.PIN === "1",
    /** Where the servers' data and logs go; the repository's own disk unless said otherwise. */
    directory: env.BENCH_DIR || fileURLToPath(new URL("../../", import.meta.url)),
    /** For Node itself, given to both servers: `--cpu-prof`, say. */
    serverFlags: (env.SERVER_FLAGS ?? "").split(" ").filter((flag) => flag !== ""),
    json: flags.includes("--json"),
  };
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
