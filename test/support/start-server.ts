/** The real server, in the test's own process (with limits of its own) or as a process of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { readSettings } from "../../src/config.ts";
import { LIMITS, type Limits } from "../../src/limits.ts";
import { startServer, type RunningServer } from "../../src/server.ts";
import type { ServerFault } from "../../src/server-options.ts";
import { cleanup } from "./cleanup.ts";
import { Inbox, within } from "./inbox.ts";

/**
 * Gateway processes of every server that a test starts and that doesn't say it itself: TEST_WORKERS runs the same
 * tests against several processes. Never as many as this machine has cores, or they'd test something else elsewhere.
 */
export const WORKERS = process.env["TEST_WORKERS"] ?? "0";

/** For what can only be told of one process: how many sockets it has room for, in which order it logs. */
export const ALONE: readonly string[] = ["--workers", "0"];

/** Tests come at once, and there are hundreds: none is to wait for the processor that another's server warms up on. */
const COLD = "--no-rehearsal";

export const ADMIN_TOKEN = "the-organiser-of-the-tests";

/** Some limits of some groups; the rest are those of production. */
export type SomeLimits = { readonly [Group in keyof Limits]?: Partial<Limits[Group]> };

export interface TestServer extends RunningServer {
  readonly tcpPort: number;
  /** What made the server give up, if anything did. */
  readonly faults: ServerFault[];
}

/** In this process, in memory unless `--data` is among the flags. Stopped after the test. */
export async function startTestServer(
  flags: readonly string[] = [],
  limits: SomeLimits = {},
): Promise<TestServer> {
  const server = await openTestServer(flags, limits);
  cleanup(() => server.stop());
  return server;
}

/** The same for a `before` hook: the caller stops it. */
export async function openTestServer(
  flags: readonly string[] = [],
  limits: SomeLimits = {},
): Promise<TestServer> {
  const kept = flags.includes("--data") ? [] : ["--memory"];
  const common = ["--port", "0", "--tcp-port", "0", "--host", "127.0.0.1", "--admin-token", ADMIN_TOKEN];
  const settings = readSettings([...common, COLD, ...kept, ...flags], { WORKERS });
  const faults: ServerFault[] = [];
  const options = {
    version: "0.0.0-test",
    logger: pino({ level: "silent" }),
    limits: mergeLimits(limits),
    commandLines: null,
    droppedLogLines: () => 0,
    fail: (fault: ServerFault) => faults.push(fault),
  };
  const server = await startServer(settings, options);
  return { ...server, tcpPort: server.tcpPort ?? 0, faults };
}

/** Those of production, but for some. */
export function mergeLimits(some: SomeLimits): Limits {
  const groups = Object.entries(LIMITS).map(([name, group]) => [
    name,
    { ...group, ...some[name as keyof Limits] },
  ]);
  return Object.fromEntries(groups) as Limits;
}

export const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));

export interface ServerProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Lines of its standard output, until `stopReading`. */
  readonly log: Inbox<string>;
  readonly errors: () => string;
  /** Exit code, or the signal that ended it. */
  readonly exit: Promise<number | NodeJS.Signals>;
  kill(signal: NodeJS.Signals): void;
}

export interface ListeningProcess extends ServerProcess {
  readonly httpPort: number;
  readonly tcpPort: number;
  /** The line that said so. */
  readonly listening: Record<string, unknown>;
}

export interface SpawnOptions {
  /** A program and its arguments in front of node, such as strace. */
  readonly wrapper?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** `bilheteria` with these words as a process of its own; killed after the test if it is still there. */
export function runBilheteria(words: readonly string[], options: SpawnOptions = {}): ServerProcess {
  const [program = "", ...rest] = [...(options.wrapper ?? []), process.execPath, MAIN, ...words];
  const { PATH, HOME } = process.env;
  const child = spawn(program, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH, HOME, WORKERS, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const log = new Inbox<string>();
  let errors = "";
  let unfinished = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (unfinished + text).split("\n");
    unfinished = lines.pop() ?? "";
    for (const line of lines) log.push(line);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const exit = new Promise<number | NodeJS.Signals>((resolve) => {
    child.on("close", (code, signal) => {
      log.end();
      resolve(code ?? signal ?? 0);
    });
  });
  cleanup(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    child.stdout.destroy();
    child.stderr.destroy();
    await exit;
  });
  return {
    child,
    pid: child.pid ?? 0,
    log,
    errors: () => errors,
    exit,
    kill: (signal) => child.kill(signal),
  };
}

/** A server process that listens on free ports of loopback. */
export async function spawnServer(
  flags: readonly string[],
  options: SpawnOptions = {},
): Promise<ListeningProcess> {
  const common = ["--port", "0", "--tcp-port", "0", "--host", "127.0.0.1", "--admin-token", ADMIN_TOKEN];
  const server = runBilheteria(["serve", ...common, COLD, ...flags], options);
  return { ...server, ...(await portsOf(server)) };
}

/** Waits until it listens. */
export async function portsOf(
  server: ServerProcess,
): Promise<Pick<ListeningProcess, "httpPort" | "tcpPort" | "listening">> {
  const line = await within(
    server.log.until((text) => text.includes('"msg":"listening"')),
    "the server listens",
  ).catch((cause: unknown) => {
    throw new Error(`the server didn't start: ${server.errors()}`, { cause });
  });
  const listening = JSON.parse(line) as Record<string, unknown>;
  return { listening, httpPort: portOf(listening["http"]), tcpPort: portOf(listening["tcp"]) };
}

function portOf(address: unknown): number {
  return Number(/:(\d+)$/.exec(String(address))?.[1] ?? 0);
}
