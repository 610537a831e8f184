import { readFileSync } from "node:fs";

/**
 * How many descriptors this process may have open. Node raises its soft limit to the hard one at start, so the soft
 * limit read here is the one in force.
 *
 * @param fallback the answer where the system doesn't say (it does on Linux).
 */
export function descriptorLimit(fallback: number): number {
  try {
    const row = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    const limit = Number(row?.[1]);
    return Number.isInteger(limit) ? limit : fallback;
  } catch {
    return fallback;
  }
}
