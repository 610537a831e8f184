/** The processes of a server, as the system shows them. */
import { readdirSync, readFileSync } from "node:fs";

/** Ids of the processes that this one started and that are still there, oldest first. */
export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`)
    .flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" "))
    .filter((text) => text.trim() !== "")
    .map(Number)
    .toSorted((a, b) => a - b);
}

/** False once it has ended, whether somebody has asked how or not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Files and sockets that a process holds open. */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
