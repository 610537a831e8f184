/** The server that is fuzzed, as a process of its own, and what can be seen of it from outside. */
import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Ports } from "./judges.ts";
import { TOKEN } from "./request-generator.ts";

const MAIN = fileURLToPath(new URL("../../../src/main.js", import.meta.url));
const START_MS = 20_000;
const SOON_MS = 1_000;

export interface Victim extends Ports {
  readonly child: ChildProcess;
  /** Why it isn't there any more; null while it is. */
  gone(): string | null;
  /** The same, where it may be about to go. */
  goneSoon(): Promise<string | null>;
  stop(): Promise<void>;
}

export async function startVictim(flags: readonly string[] = []): Promise<Victim> {
  const common = [
    "--port",
    "0",
    "--tcp-port",
    "0",
    "--host",
    "127.0.0.1",
    "--memory",
    "--admin-token",
    TOKEN,
  ];
  const child = spawn(process.execPath, [MAIN, "serve", ...common, ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  let newest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (newest = (newest + text).slice(-20_000)));
  const exit = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const gone = (): string | null =>
    child.exitCode === null && child.signalCode === null
      ? null
      : `the server ended with ${child.exitCode ?? child.signalCode}: ${errors.slice(0, 2_000)}${lastWords(newest)}`;
  const goneSoon = async (): Promise<string | null> => {
    await Promise.race([exit, wait(SOON_MS)]);
    return gone();
  };
  const line = await listeningLine(child).catch((cause: unknown) => {
    throw new Error(`the server didn't start: ${errors}`, { cause });
  });
  const port = (name: string): number => Number(/:(\d+)$/.exec(String(line[name]))?.[1]);
  const stop = async (): Promise<void> => {
    if (gone() === null) child.kill("SIGKILL");
    await exit;
  };
  return { child, gone, goneSoon, stop, httpPort: port("http"), tcpPort: port("tcp") };
}

/** What a server says of the fault that it ends with, among the lines of its log. */
function lastWords(log: string): string {
  return log.split("\n").findLast((line) => line.startsWith('{"level":60,')) ?? "";
}

function listeningLine(child: ChildProcess): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => reject(new Error("nothing was said in time")), START_MS);
    child.once("close", () => reject(new Error("it ended")));
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      if (text === "found") return;
      text += chunk;
      const line = text.split("\n").find((candidate) => candidate.includes('"msg":"listening"'));
      if (line === undefined) return;
      text = "found";
      clearTimeout(timer);
      resolve(JSON.parse(line) as Record<string, unknown>);
    });
  });
}

/** Null where the system doesn't tell. */
export function descriptorsOf({ child }: Victim): number | null {
  try {
    return readdirSync(`/proc/${child.pid}/fd`).length;
  } catch {
    return null;
  }
}

/** Mebibytes in memory; null where the system doesn't tell. */
export function memoryOf({ child }: Victim): number | null {
  try {
    const status = readFileSync(`/proc/${child.pid}/status`, "latin1");
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  } catch {
    return null;
  }
}
