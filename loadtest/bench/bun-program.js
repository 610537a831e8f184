/** Where Bun is: npm brings the program in a package of its own for each platform, and no script has to run for it. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { arch, platform } from "node:os";
import { fileURLToPath } from "node:url";

const ARCHITECTURES = /** @type {const} */ ({ x64: "x64", arm64: "aarch64" });

/** @throws {Error} if it isn't installed */
export function bunPath() {
  const machine = ARCHITECTURES[/** @type {keyof typeof ARCHITECTURES} */ (arch())];
  const path = fileURLToPath(
    new URL(`node_modules/@oven/bun-${platform()}-${machine}/bin/bun`, import.meta.url),
  );
  if (!existsSync(path)) throw new Error("the peers aren't installed: bash loadtest/bench/install-peers.sh");
  return path;
}

export function bunVersion() {
  return spawnSync(bunPath(), ["--version"], { encoding: "utf8" }).stdout.trim();
}
