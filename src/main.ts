#!/usr/bin/env node
/**
 * The command line: reads it, starts what it asks for, prints where it listens, and stops in good order. Exit codes:
 * 0 stopped as asked, 1 a fault while running, 2 a command line that can't be used, 3 a start that failed.
 */
import { readFileSync } from "node:fs";
import { bannerLines } from "./banner.ts";
import { ConfigError, helpText, LIMITS, readSettings, type Settings } from "./config.ts";
import { openConsoleLog, type ConsoleLog } from "./observability/console-log.ts";
import { explainStart } from "./start-fault.ts";
import { startServer, type RunningServer } from "./server.ts";

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const [command, ...flags] = args;
  if (args.includes("--help") || command === "help") return print(helpText());
  if (args.includes("--version")) return print(version());
  if (command === "serve") return serve(flags);
  const asked =
    command === undefined ? "a command is missing" : `there is no command ${JSON.stringify(command)}`;
  complain(`${asked}. Try bilheteria serve, or bilheteria --help`);
  process.exitCode = 2;
}

async function serve(flags: readonly string[]): Promise<void> {
  let settings: Settings;
  try {
    settings = readSettings(flags, process.env);
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    complain(cause.message);
    process.exitCode = 2;
    return;
  }
  const readable = process.stdout.isTTY;
  const log = openConsoleLog({ level: settings.logLevel, readable, waitingBytes: LIMITS.log.waitingBytes });
  try {
    const server = await startServer(settings, {
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
        leave(
          log,
          1,
          `stopped: ${fault.message}. Nothing was answered that isn't on the disk; start again once the cause is gone`,
        );
      },
    });
    announce(server, settings, log, readable);
    stopOnSignals(server, log);
  } catch (cause) {
    log.close();
    complain(explainStart(cause, settings));
    process.exit(cause instanceof ConfigError ? 2 : 3);
  }
}

function announce(server: RunningServer, settings: Settings, log: ConsoleLog, readable: boolean): void {
  if (readable) {
    print(bannerLines(server, settings, version()).join("\n"));
    return;
  }
  const { httpPort, tcpPort, sale, adminToken, replayed, maxConnections } = server;
  log.logger.info(
    {
      http: `http://localhost:${httpPort}`,
      ...(tcpPort === null ? {} : { tcp: `localhost:${tcpPort}` }),
      sale: sale.sale,
      available: sale.available,
      capacity: sale.capacity,
      durable: !settings.memory,
      ...(settings.memory ? { warning: "--memory: nothing will survive this process" } : {}),
      ...(settings.rateLimit === 0 ? { rateLimit: "none" } : {}),
      ...(adminToken.isNew ? { adminToken: adminToken.token } : {}),
      ...(replayed === null ? {} : { replayed }),
      maxConnections,
    },
    "listening",
  );
  log.flush();
}

/** The first signal asks, the second one insists. */
function stopOnSignals(server: RunningServer, log: ConsoleLog): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) leave(log, 1, `stopped at once by a second ${signal}`);
    stopping = true;
    log.logger.info({ signal }, "stopping");
    const timer = setTimeout(() => leave(log, 0, null), LIMITS.stop.deadlineMs);
    server.stop().then(
      () => {
        clearTimeout(timer);
        log.logger.info("stopped");
        leave(log, 0, null);
      },
      (cause: unknown) => leave(log, 1, `the stop failed: ${String(cause)}`),
    );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
}

function leave(log: ConsoleLog, code: number, message: string | null): void {
  log.close();
  if (message !== null) complain(message);
  process.exit(code);
}

function version(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function complain(text: string): void {
  process.stderr.write(`bilheteria: ${text}\n`);
}
