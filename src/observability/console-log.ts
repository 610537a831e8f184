/**
 * The server's console: JSON lines for machines, plain lines on a terminal. Lines are handed over asynchronously, and
 * what a console that doesn't read leaves waiting is bounded.
 */
import { constants, readFileSync } from "node:fs";
import { isatty } from "node:tty";
import { pino, type Logger } from "pino";
import { formatJson, formatReadable, type LineSink } from "./command-log.ts";

export interface ConsoleLogOptions {
  readonly level: string;
  /** Plain lines for people instead of JSON. */
  readonly readable: boolean;
  /** Bytes that may wait for a console that doesn't read; more are dropped and counted. */
  readonly waitingBytes: number;
}

export interface ConsoleLog {
  readonly logger: Logger;
  /** Where the command log's lines go; null when the level hides them. */
  readonly commands: LineSink | null;
  /** Writes that were dropped because the console didn't read. */
  dropped(): number;
  /** Begins to write what waits. */
  flush(): void;
  /**
   * Writes what waits, with little patience for a console that doesn't read. Nothing may be logged afterwards. False
   * when a write to it is stuck in the system, which would keep the process from ending by itself.
   */
  close(): Promise<boolean>;
}

/** Bytes handed to the system in one write. */
const WRITE_BYTES = 256 * 1024;

/** How long the last flush waits for a console that doesn't read. */
const PATIENCE_MS = 300;

/** @param descriptor where the lines go; 1 is standard output. */
export function openConsoleLog(options: ConsoleLogOptions, descriptor = 1): ConsoleLog {
  const { level, readable, waitingBytes } = options;
  let patienceEnds = Number.POSITIVE_INFINITY;
  const destination = pino.destination({
    retryEAGAIN: () => Date.now() < patienceEnds,
    fd: descriptor,
    sync: false,
    // Text would be encoded three times on its way: to be measured, to be written, and to see what is left.
    contentMode: "buffer",
    minLength: readable ? 1 : 4096,
    maxLength: waitingBytes,
    maxWrite: WRITE_BYTES,
    periodicFlush: 250,
  });
  let drops = 0;
  let faults = 0;
  destination.on("drop", () => {
    drops += 1;
  });
  // A console that went away (a closed pipe) is no reason to stop selling.
  destination.on("error", () => {
    faults += 1;
  });
  const write = (lines: Buffer): boolean => {
    const before = drops;
    // In this mode it takes bytes, which its types don't say.
    destination.write(lines as unknown as string);
    return drops === before;
  };
  const stream = { write: (line: string) => write(Buffer.from(readable ? readableLine(line) : line)) };
  const logger = pino({ level, base: null }, stream);
  const commands: LineSink = {
    style: readable ? "readable" : "json",
    format: readable ? formatReadable : formatJson,
    write,
    warn: (message, figures) => logger.warn(figures, message),
  };
  return {
    logger,
    commands: logger.isLevelEnabled("info") ? commands : null,
    dropped: () => drops + faults,
    flush: () => destination.flush(),
    close: () =>
      new Promise((resolve) => {
        const finish = (isFree: boolean): void => {
          clearTimeout(timer);
          patienceEnds = 0;
          destination.destroy();
          resolve(isFree);
        };
        const timer = setTimeout(() => finish(!isBlocking(descriptor)), PATIENCE_MS);
        destination.flush(() => finish(true));
      }),
  };
}

/** Whether a write to it waits in the system until somebody reads; where that can't be known, as if it did. */
function isBlocking(descriptor: number): boolean {
  if (isatty(descriptor)) return true;
  try {
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8"));
    return (Number.parseInt(flags?.[1] ?? "0", 8) & constants.O_NONBLOCK) === 0;
  } catch {
    return true;
  }
}

const LEVELS: Readonly<Record<number, string>> = {
  10: "trace",
  20: "debug",
  40: "WARN",
  50: "ERROR",
  60: "FATAL",
};

/** One of pino's lines as a person reads it: time, level unless it is ordinary, what happened, `name=value`. */
export function readableLine(line: string): string {
  const { time, level, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const clock = new Date(Number(time)).toISOString().slice(11, 23);
  const parts = [clock, LEVELS[Number(level)], typeof msg === "string" ? msg : undefined];
  for (const [name, value] of Object.entries(rest)) {
    parts.push(`${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  }
  return `${parts.filter((part) => part !== undefined).join("  ")}\n`;
}
