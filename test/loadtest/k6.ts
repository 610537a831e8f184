/** Runs the crowd under the real k6, and finds k6 first. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/** One person is fast here, so that a whole sale with its crowd takes about two seconds. */
const HURRY = {
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
};

export type CrowdRun = { code: number | null; output: string; crossed: string[] };

/** @returns the k6 to run: by `K6`, on the path, or where Go installs programs. */
export function findK6(): string | undefined {
  const places = [process.env.K6 ?? "", "k6", join(process.env.GOPATH ?? join(homedir(), "go"), "bin", "k6")];
  return places.find((place) => place !== "" && spawnSync(place, ["version"]).status === 0);
}

/** @returns the exit code (99: a threshold was crossed, 107: an exception), and the names of the thresholds that were crossed. */
export async function runCrowd(
  k6: string,
  env: Record<string, string>,
  interruptAfterMs?: number,
): Promise<CrowdRun> {
  const directory = mkdtempSync(join(tmpdir(), "bilheteria-crowd-"));
  const report = join(directory, "report.json");
  const child = spawn(k6, ["run", "--quiet", "--no-usage-report", "--address", "", "loadtest/crowd.js"], {
    env: { ...process.env, ...HURRY, REPORT: report, ...env },
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

type Report = { metrics: Record<string, { thresholds?: Record<string, { ok: boolean }> }> };

function crossedThresholds(report: string): string[] {
  if (!existsSync(report)) return [];
  const { metrics } = JSON.parse(readFileSync(report, "utf8")) as Report;
  const crossed = Object.entries(metrics).filter(([, { thresholds }]) =>
    Object.values(thresholds ?? {}).some(({ ok }) => !ok),
  );
  return crossed.map(([name]) => name).sort();
}
