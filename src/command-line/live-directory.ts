/** Reading a directory that a server may be selling from. */
import { setTimeout as wait } from "node:timers/promises";
import type { Holder } from "../journal/fault.ts";
import { findHolder } from "../journal/lock.ts";
import type { Pause } from "../journal/walk.ts";

export interface Liveness {
  /** Null where no server runs. */
  readonly holder: Holder | "silent" | null;
  /** How to wait for a write in flight; null where there can't be any. */
  readonly pause: Pause | null;
}

/** @throws {DiskFault} if the directory isn't there. */
export async function livenessOf(directory: string): Promise<Liveness> {
  const holder = await findHolder(directory);
  return { holder, pause: holder === null ? null : (ms) => wait(ms) };
}

/** Who sells from the directory, as a sentence. */
export function holderWords(holder: Holder | "silent"): string {
  if (holder === "silent") return "a process that doesn't say who it is has it open";
  const { pid, since, text } = holder;
  return `process ${pid} has had it open since ${since}${text === "" ? "" : ` (${text})`}`;
}
