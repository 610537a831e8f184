/** Server and clients each on a processor of their own, where the machine has the means. */
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** @type {boolean | null} */
let possible = null;

export function canPin() {
  possible ??= availableParallelism() >= 2 && spawnSync("taskset", ["-c", "0", "true"]).status === 0;
  return possible;
}

/** The words that go before a command. @param {boolean} pin @param {number} processor */
export function pinned(pin, processor) {
  return pin ? ["taskset", "-c", String(processor)] : [];
}
