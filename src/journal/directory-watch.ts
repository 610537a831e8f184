/**
 * Notices that the journal's files are no longer where the next start looks for them. A file that was deleted, or whose
 * directory was moved or replaced, goes on taking writes as long as it is open, and every write succeeds; so nothing but
 * a look at the names tells. What is sold between such an accident and the look is answered: looking before each answer
 * would cost every buyer something, and protect none whose ticket was sold a moment before.
 */
import type { Cancel, Scheduler } from "../engine/ports.ts";
import { DataDirectory } from "./data-directory.ts";
import type { Disk } from "./disk.ts";
import { isGone } from "./fault.ts";

export interface DirectoryWatchParts {
  readonly disk: Required<Pick<Disk, "identity">>;
  /** The data directory. */
  readonly path: string;
  /** The segment that is written to. */
  readonly segment: () => string;
  readonly everyMs: number;
  readonly scheduler: Scheduler;
  /** Called once, with what happened and what to do. */
  readonly onGone: (why: string) => void;
}

/** Looks until it is cancelled or has found something. What it can't look at for another reason, it leaves to the writes. */
export function watchDirectory(parts: DirectoryWatchParts): Cancel {
  const { disk, everyMs, scheduler, onGone } = parts;
  const journal = new DataDirectory(parts.path).journal;
  const seen = new Map<string, string>();
  let timer: Cancel | null = null;
  let isCancelled = false;
  const look = async (): Promise<void> => {
    const segment = parts.segment();
    const why = (await compare(journal, seen, disk)) ?? (await compare(segment, seen, disk));
    for (const path of seen.keys()) if (path !== journal && path !== segment) seen.delete(path);
    if (isCancelled) return;
    if (why === null) timer = scheduler.after(everyMs, () => void look());
    else onGone(why);
  };
  void look();
  return {
    cancel: () => {
      isCancelled = true;
      timer?.cancel();
    },
  };
}

/** What is wrong with a path, or null. @param seen which file it was, by path; added to. */
async function compare(
  path: string,
  seen: Map<string, string>,
  disk: DirectoryWatchParts["disk"],
): Promise<string | null> {
  try {
    const identity = await disk.identity(path);
    const before = seen.get(path);
    seen.set(path, identity);
    return before === undefined || before === identity ? null : gone(path, "is another file now", "replaced");
  } catch (error) {
    return isGone(error) ? gone(path, "isn't there any more", "deleted or moved") : null;
  }
}

function gone(path: string, what: string, how: string): string {
  return (
    `${path} ${what}: it was ${how} while the server sold. Put the data directory back as it was and start again: ` +
    "what was sold is in those files and nowhere else"
  );
}
