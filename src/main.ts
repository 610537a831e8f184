#!/usr/bin/env node
/**
 * The command line: reads it, starts what it asks for, prints where it listens, and stops in good order. Exit codes:
 * 0 done or stopped as asked, 1 a fault while running, 2 a command line that can't be used, 3 a start that failed,
 * 4 damage that a command found or a start refuses, 5 a data directory that went away while the server sold.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ADMIN_TOKEN_FILE, type AdminToken } from "./admin-token.ts";
import { bannerLines } from "./banner.ts";
import { readCommandLine, type Asked } from "./command-line/commands.ts";
import { ConfigError, readSettings, type Settings } from "./config.ts";
import { LIMITS } from "./limits.ts";
import { hostInUrl } from "./listening-address.ts";
import { runCrowdCommand } from "./command-line/crowd-command.ts";
import { runLab } from "./command-line/lab-command.ts";
import { openConsoleLog, type ConsoleLog } from "./observability/console-log.ts";
import { EXIT, runOffline } from "./command-line/offline.ts";
import { JournalCorrupt } from "./journal/fault.ts";
import { explainFault, explainStart, isJournalGone } from "./start-fault.ts";
import { startServer, type RunningServer } from "./server.ts";

/** Commands with flags, a help and exit codes of their own; each returns its exit code. */
const TOOLS: Readonly<Record<string, (flags: readonly string[]) => Promise<number>>> = {
  crowd: runCrowdCommand,
  lab: runLab,
};

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  process.stdout.on("error", overlookReaderGone);
  const [word, ...rest] = args;
  const tool = word !== undefined && Object.hasOwn(TOOLS, word) ? TOOLS[word] : undefined;
  if (tool !== undefined) {
    process.exitCode = await tool(rest);
    return;
  }
  let asked: Asked;
  try {
    asked = readCommandLine(args, process.env, version());
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    complain(cause.message);
    process.exitCode = EXIT.badCommandLine;
    return;
  }
  if ("text" in asked) print(asked.text);
  else if (asked.name === "serve") await serve(asked.flags);
  else process.exitCode = await runOffline(asked.name, asked.given, { print, complain });
}

async function serve(flags: readonly string[]): Promise<void> {
  let settings: Settings;
  try {
    settings = readSettings(flags, process.env);
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    complain(cause.message);
    process.exitCode = EXIT.badCommandLine;
    return;
  }
  const readable = process.stdout.isTTY;
  const log = openConsoleLog({ level: settings.logLevel, readable, waitingBytes: LIMITS.log.waitingBytes });
  let server: RunningServer | null = null;
  process.on("uncaughtException", (cause) => {
    // Who knows what it left half done: the console may take a while to hear of it, and nobody buys meanwhile.
    server?.halt();
    log.logger.fatal({ err: cause.stack }, "a fault that nobody expected");
    void leave(
      log,
      EXIT.fault,
      `stopped by a fault: ${cause.message}. Nothing was answered that isn't on the disk`,
    );
  });
  // Until it listens nobody has been answered, so there is nothing to wait for.
  const whenAsked = { stop: (_signal: NodeJS.Signals): void => void leave(log, EXIT.done, null) };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => whenAsked.stop(signal));
  try {
    server = await startServer(settings, {
      version: version(),
      logger: log.logger,
      limits: LIMITS,
      commandLines: settings.commandLog ? log.commands : null,
      droppedLogLines: () => log.dropped(),
      fail: (fault) => {
        log.logger.fatal(
          { code: fault.code, err: fault.cause instanceof Error ? fault.cause.stack : undefined },
          fault.message,
        );
        void leave(log, isJournalGone(fault) ? EXIT.gone : EXIT.fault, `stopped: ${explainFault(fault)}`);
      },
    });
    announce(server, settings, log, readable);
    whenAsked.stop = stopping(server, log);
  } catch (cause) {
    await leave(log, exitCodeOf(cause), explainStart(cause, settings));
  }
}

/** Of a start that failed. */
function exitCodeOf(cause: unknown): number {
  if (cause instanceof ConfigError) return EXIT.badCommandLine;
  return cause instanceof JournalCorrupt ? EXIT.damaged : EXIT.failedStart;
}

function announce(server: RunningServer, settings: Settings, log: ConsoleLog, readable: boolean): void {
  if (readable) {
    print(bannerLines(server, settings, version()).join("\n"));
    return;
  }
  const { httpPort, tcpPort, sale, adminToken, replayed, maxConnections, workers } = server;
  const host = hostInUrl(settings.host);
  log.logger.info(
    {
      http: `http://${host}:${httpPort}`,
      ...(tcpPort === null ? {} : { tcp: `${host}:${tcpPort}` }),
      sale: sale.sale,
      available: sale.available,
      capacity: sale.capacity,
      ...(sale.opensAt === null ? {} : { opensAt: new Date(sale.opensAt).toISOString() }),
      durable: !settings.memory,
      ...(settings.memory ? { warning: "--memory: nothing will survive this process" } : {}),
      ...(settings.unsafeNoQueue
        ? { unsafe: "--unsafe-no-queue: SEM FILA, sells tickets that don't exist" }
        : {}),
      ...(settings.rateLimit === 0 ? { rateLimit: "none" } : {}),
      ...(server.ignored.length === 0 ? {} : { ignored: server.ignored }),
      ...(replayed === null ? {} : { replayed }),
      maxConnections,
      ...(workers === 0 ? {} : { workers }),
    },
    "listening",
  );
  log.flush();
  if (adminToken.isNew) complain(tokenWords(adminToken, settings));
}

/** Where there is no terminal, standard error is a log too, which others may read. */
function tokenWords({ token }: AdminToken, { memory, data }: Settings): string {
  if (memory) return `the organiser's token, kept nowhere else: ${token}`;
  return `the organiser's token is in ${join(data, ADMIN_TOKEN_FILE)}`;
}

/** The first signal asks, the second one insists. */
function stopping(server: RunningServer, log: ConsoleLog): (signal: NodeJS.Signals) => void {
  let isStopping = false;
  return (signal) => {
    if (isStopping) void leave(log, EXIT.fault, `stopped at once by a second ${signal}`);
    if (isStopping) return;
    isStopping = true;
    log.logger.info({ signal }, "stopping");
    const timer = setTimeout(() => abandon("the stop took too long"), LIMITS.stop.deadlineMs);
    server.stop().then(
      (done) => {
        if (!done) abandon("the journal can't be closed: a write or a snapshot doesn't end");
        clearTimeout(timer);
        log.logger.info("stopped");
        void leave(log, EXIT.done, null);
      },
      (cause: unknown) => void leave(log, EXIT.fault, `the stop failed: ${String(cause)}`),
    );
  };
}

/**
 * Ends a process that can't end itself: `exit` waits for the thread in which a write hangs. Nothing was answered that
 * isn't on the disk, so this loses no more than a power cut would: nothing.
 */
function abandon(why: string): never {
  complain(`${why}, so the process is killed. Every purchase that was answered is on the disk`);
  process.kill(process.pid, "SIGKILL");
  throw new Error("unreachable");
}

async function leave(log: ConsoleLog, code: number, message: string | null): Promise<never> {
  const isWritten = await log.close();
  if (!isWritten) process.kill(process.pid, "SIGKILL");
  if (message !== null) complain(message);
  process.exit(code);
}

function version(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/** Whoever read has gone, as `head` does: there is nobody to complain to, and the exit code still tells. */
function overlookReaderGone(fault: NodeJS.ErrnoException): void {
  if (fault.code !== "EPIPE") throw fault;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function complain(text: string): void {
  process.stderr.write(`bilheteria: ${text}\n`);
}
