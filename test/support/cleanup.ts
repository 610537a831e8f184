/** What a test opened is closed after it, whether it passed or not, newest first. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const steps: (() => unknown)[] = [];

export function cleanup(step: () => unknown): void {
  steps.push(step);
}

/** Done by mocha after each test; a program that uses what tests use calls it itself. */
export async function cleanUp(): Promise<void> {
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) await step();
}

/** A directory of its own for one test. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "bilheteria-test-"));
  cleanup(() => rm(path, { recursive: true, force: true }));
  return path;
}

if (typeof afterEach === "function") afterEach(cleanUp);
