/**
 * Reads what strace wrote about a process with threads. A call that another thread interrupted in the log stands in
 * two pieces; each call becomes two events, its begin and its end, in the order in which the kernel stopped for them.
 */
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";

export interface CallEvent {
  readonly when: "begin" | "end";
  readonly name: string;
  /** As strace writes them; at the end, with what was only known then. */
  readonly args: string;
  /** Only at the end: what the call returned, such as `42` or `-1 EIO (Input/output error)`. */
  readonly result: string;
}

/** Null if strace is here and may trace; why not otherwise. */
export function whyNoStrace(): string | null {
  const tried = spawnSync("strace", ["-f", "-o", "/dev/null", "true"], { encoding: "utf8" });
  if (tried.error !== undefined) return "there is no strace here";
  return tried.status === 0 ? null : `strace may not trace here: ${tried.stderr.trim()}`;
}

/** strace's only child: what it runs. @throws if it has none, be it not yet or no longer. */
export async function tracedPid(strace: number): Promise<number> {
  const children = await readFile(`/proc/${strace}/task/${strace}/children`, "utf8");
  const pid = Number(children.trim().split(" ")[0]);
  if (!(pid > 0)) throw new Error("strace runs nothing");
  return pid;
}

/** A tracer that is killed leaves what it traced running. */
export function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
  }
}

export function parseStrace(log: string): CallEvent[] {
  const events: CallEvent[] = [];
  const unfinished = new Map<string, { name: string; args: string }>();
  for (const line of log.split("\n")) {
    const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. (\w+) resumed>(.*)$/.exec(rest);
    if (resumed !== null) {
      const begun = unfinished.get(thread);
      unfinished.delete(thread);
      const ended = splitResult(resumed[2] ?? "");
      if (begun === undefined || ended === null) continue;
      events.push({ when: "end", name: begun.name, args: begun.args + ended.args, result: ended.result });
      continue;
    }
    const call = /^(\w+)\((.*)$/.exec(rest);
    if (call === null) continue;
    const [, name = "", tail = ""] = call;
    const cut = tail.indexOf(" <unfinished ...>");
    if (cut !== -1 && tail.endsWith("<unfinished ...>")) {
      const args = tail.slice(0, cut);
      unfinished.set(thread, { name, args });
      events.push({ when: "begin", name, args, result: "" });
      continue;
    }
    const whole = splitResult(tail);
    if (whole === null) continue;
    events.push({ when: "begin", name, args: whole.args, result: "" });
    events.push({ when: "end", name, args: whole.args, result: whole.result });
  }
  return events;
}

/** `args) = result`; the last such sign counts, since strings may hold it too. */
function splitResult(text: string): { args: string; result: string } | null {
  const at = text.lastIndexOf(") ");
  const match = /^\) +(?:= )(.*)$/.exec(text.slice(at));
  return at === -1 || match === null
    ? findEarlier(text)
    : { args: text.slice(0, at), result: match[1] ?? "" };
}

/** An error's name in brackets, or a file's name, may end in `) ` as well. */
function findEarlier(text: string): { args: string; result: string } | null {
  const match = /^(.*)\) += (-?\d+.*|\?)$/.exec(text);
  return match === null ? null : { args: match[1] ?? "", result: match[2] ?? "" };
}
