import type { Settings } from "./config.ts";
import { isGone } from "./journal/fault.ts";
import type { ServerFault } from "./server-options.ts";

/** What happened and what to do, in one line, for a start that failed. */
export function explainStart(cause: unknown, settings: Settings): string {
  if (!(cause instanceof Error)) return String(cause);
  const fault = cause as NodeJS.ErrnoException & { port?: number };
  switch (fault.code) {
    case "EADDRINUSE":
      return `port ${fault.port} is taken by another program. Stop it, or choose another with ${flagOf(fault.port, settings)} (0 takes a free one)`;
    case "EACCES":
      // The socket that workers share is refused one call earlier than a server's own.
      if (fault.syscall === "listen" || fault.syscall === "bind") {
        return `port ${fault.port} needs more rights than this user has. Choose one above 1023 with ${flagOf(fault.port, settings)}`;
      }
      return `${fault.message}. Give this user the right to read and write ${settings.data}, or choose another with --data`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `this machine has no address ${settings.host}. Leave --host away to listen on all of them`;
    default:
      return cause.message;
  }
}

function flagOf(port: number | undefined, settings: Settings): string {
  return port === settings.tcpPort ? "--tcp-port" : "--port";
}

/** Whether the next start would find no journal, or another one, and sell everything again. */
export function isJournalGone({ code, cause }: ServerFault): boolean {
  return code === "JOURNAL_GONE" || (code === "JOURNAL_FAILED" && isGone(cause));
}

/** What made a server stop and what to do, in one line. */
export function explainFault(fault: ServerFault): string {
  if (fault.code === "JOURNAL_GONE") return fault.message;
  const cure = isJournalGone(fault)
    ? "put the data directory back as it was, then start again"
    : "start again once the cause is gone";
  return `${fault.message}. Nothing was answered that isn't on the disk; ${cure}`;
}

/** With the way through the code where there is one. */
export function describeFault(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
