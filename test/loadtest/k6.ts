/** Runs the scripts of loadtest/ under the real k6, and finds k6 first. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

export type Script = "crowd" | "spike" | "soak" | "watchers" | "api";

/** People are fast here, so that a whole sale takes about two seconds. */
const HURRIES: Readonly<Record<Script, Record<string, string>>> = {
  crowd: {
    USERS: "12",
    USERS_PER_VU: "4",
    ROUNDS_MIN: "2",
    ROUNDS_MAX: "3",
    THINK_MIN_MS: "20",
    THINK_MAX_MS: "80",
    LISTEN_MIN_S: "0.1",
    LISTEN_MAX_S: "0.2",
    RAMP_S: "0.3",
    REPLY_TIMEOUT_S: "1",
  },
  spike: {
    PROFILE: "ci",
    USERS: "12",
    USERS_PER_VU: "6",
    STOCK: "10",
    RAMP_S: "1",
    LISTEN_S: "2",
    REPLY_TIMEOUT_S: "6",
  },
  soak: {
    PROFILE: "ci",
    USERS: "6",
    USERS_PER_VU: "3",
    BUYS: "4",
    STAYS: "2",
    DURATION_S: "1.5",
    RAMP_S: "0.3",
    REPLY_TIMEOUT_S: "6",
  },
  watchers: {
    PROFILE: "ci",
    WATCHERS: "8",
    WATCHERS_PER_VU: "4",
    BUYERS: "2",
    STOCK: "10",
    RAMP_S: "0.3",
    HOLD_S: "1",
    REPLY_TIMEOUT_S: "6",
  },
  api: { PROFILE: "ci", PROGRAMS: "4", BUYS: "6", STOCK: "20", PAUSE_MS: "20", REPLY_TIMEOUT_S: "6" },
};

export type CrowdRun = { code: number | null; output: string; crossed: string[] };

/** @returns the k6 to run: by `K6`, on the path, or where Go installs programs. */
export function findK6(): string | undefined {
  const places = [process.env.K6 ?? "", "k6", join(process.env.GOPATH ?? join(homedir(), "go"), "bin", "k6")];
  return places.find((place) => place !== "" && spawnSync(place, ["version"]).status === 0);
}

/** @returns the exit code (99: a threshold was crossed, 107: an exception), and the names of the thresholds that were crossed. */
export async function runScript(
  k6: string,
  script: Script,
  env: Record<string, string>,
  interruptAfterMs?: number,
): Promise<CrowdRun> {
  const directory = mkdtempSync(join(tmpdir(), "bilheteria-crowd-"));
  const report = join(directory, "report.json");
  const child = spawn(k6, ["run", "--quiet", "--no-usage-report", "--address", "", `loadtest/${script}.js`], {
    env: { ...process.env, ...HURRIES[script], REPORT: report, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  child.stderr.on("data", (data: Buffer) => (output += data.toString()));
  const timer = interruptAfterMs && setTimeout(() => child.kill("SIGINT"), interruptAfterMs);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    return { code, output, crossed: crossedThresholds(report) };
  } finally {
    clearTimeout(timer);
    rmSync(directory, { recursive: true, force: true });
  }
}

export function runCrowd(
  k6: string,
  env: Record<string, string>,
  interruptAfterMs?: number,
): Promise<CrowdRun> {
  return runScript(k6, "crowd", env, interruptAfterMs);
}

/** @returns the k6 to run; undefined, which skips the tests, where there is none and nobody demands it. */
export function needK6(): string | undefined {
  const found = process.env.K6_ABSENT === "1" ? undefined : findK6();
  if (found !== undefined) return found;
  if (process.env.CI && process.env.K6_ABSENT !== "1") {
    throw new Error("k6 is required where CI is set: bash scripts/install-k6.sh");
  }
  console.warn("  !! SKIPPED, there is no k6 here: bash scripts/install-k6.sh");
  return undefined;
}

type Report = { metrics: Record<string, { thresholds?: Record<string, { ok: boolean }> }> };

function crossedThresholds(report: string): string[] {
  if (!existsSync(report)) return [];
  const { metrics } = JSON.parse(readFileSync(report, "utf8")) as Report;
  const crossed = Object.entries(metrics).filter(([, { thresholds }]) =>
    Object.values(thresholds ?? {}).some(({ ok }) => !ok),
  );
  return crossed.map(([name]) => name).sort();
}
