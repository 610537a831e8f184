import { temporaryDirectory } from "./cleanup.ts";
import { within } from "./inbox.ts";
import { runBilheteria, type SpawnOptions } from "./start-server.ts";

export interface Ended {
  /** Exit code, or the signal that ended it. */
  readonly code: number | NodeJS.Signals;
  readonly output: string;
  readonly errors: string;
  /** Where it ran: a directory of its own unless said otherwise. */
  readonly cwd: string;
}

/** `bilheteria` with these words, until it ends by itself. */
export async function runToEnd(words: readonly string[], options: SpawnOptions = {}): Promise<Ended> {
  const cwd = options.cwd ?? (await temporaryDirectory());
  const { exit, errors, log } = runBilheteria(words, { ...options, cwd });
  const code = await within(exit, `bilheteria ${words.join(" ")} ends`, 60_000);
  return { code, errors: errors(), output: log.all.join("\n"), cwd };
}
