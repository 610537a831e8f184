/** What a real machine is made to do for a test: small disks, few rights, and calls that fail. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Context } from "mocha";
import { cleanup, temporaryDirectory } from "../support/cleanup.ts";
import { whyNoStrace } from "../support/system-calls.ts";

const IS_ROOT = process.getuid?.() === 0;

/** Skips loudly what this machine can't do; where CI is set, that is a failure. */
export function need(context: Context, why: string | null): void {
  if (why !== null && process.env["CI"] !== undefined) {
    throw new Error(`this has to be tested where CI is set, but ${why}`);
  }
  wish(context, why);
}

/** Skips loudly, wherever it is: some machines of CI may mount nothing, and other tests fill a disk in other ways. */
export function wish(context: Context, why: string | null): void {
  if (why === null) return;
  console.warn(`    !! SKIPPED, ${why}`);
  context.skip();
}

/** strace can be had everywhere; but there are machines, also of CI, on which nobody may trace. */
export function needStrace(context: Context): void {
  need(context, whyNo("strace"));
  wish(context, whyNoStrace());
}

/** Null if programs of the system that Linux has are here. */
export function whyNo(...programs: readonly string[]): string | null {
  if (process.platform !== "linux") return "this is a way of Linux";
  const missing = programs.filter((program) => spawnSync("which", [program]).status !== 0);
  return missing.length === 0 ? null : `${missing.join(" and ")} isn't here`;
}

/** Null if a file system may be mounted, as root or with a sudo that asks nothing. */
export function whyNoMount(): string | null {
  const missing = whyNo("mount");
  if (missing !== null) return missing;
  const tried = asRoot(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
  return tried.status === 0 ? null : `nothing may be mounted here: ${tried.stderr?.trim() ?? ""}`;
}

/** A disk of its own, in memory. */
export interface SmallDisk {
  readonly path: string;
  /** For `mount -o remount`, such as `size=2m` or `ro`. */
  remount(options: string): void;
}

export async function mountSmallDisk(size: string): Promise<SmallDisk> {
  const path = join(await temporaryDirectory(), "disk");
  await mkdir(path);
  const owner = `uid=${process.getuid?.() ?? 0},mode=700`;
  must(["mount", "-t", "tmpfs", "-o", `size=${size},${owner}`, "tmpfs", path]);
  cleanup(() => must(["umount", "-l", path]));
  return { path, remount: (options) => must(["mount", "-o", `remount,${options}`, path]) };
}

/** In front of a command: takes root the right to pass over permissions. For others they hold anyway. */
export const WITHOUT_PRIVILEGES: readonly string[] = IS_ROOT
  ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
  : [];

/** How many files a process may open from now on; null for as many as it could at first. */
export function limitFiles(pid: number, soft: number): void {
  execFileSync("prlimit", [`--nofile=${soft}:`, "--pid", String(pid)]);
}

function asRoot(words: readonly string[]): ReturnType<typeof spawnSync> & { stderr: string | null } {
  const [program = "", ...rest] = IS_ROOT ? words : ["sudo", "-n", ...words];
  return spawnSync(program, rest, { encoding: "utf8" });
}

function must(words: readonly string[]): void {
  const { status, stderr } = asRoot(words);
  if (status !== 0) throw new Error(`${words.join(" ")}: ${stderr ?? ""}`);
}
