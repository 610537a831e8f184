/**
 * One line per command on the server's console. The hot path only puts a record on a list; lines are made and
 * written in batches a moment later. A console that stalls never stalls the sale: what can't be held is counted and
 * the count is said as soon as there is room.
 */
import type { Logger } from "pino";
import type { Cancel, CommandRecord, CommandRecorder, Scheduler } from "../engine/ports.ts";

export interface CommandLogLimits {
  /** Records that may wait for the next batch. */
  readonly waitingLines: number;
  readonly flushMs: number;
  /** Characters of what the client sent. */
  readonly textLength: number;
}

export class CommandLog implements CommandRecorder {
  readonly #logger: Pick<Logger, "info" | "warn">;
  readonly #scheduler: Scheduler;
  readonly #limits: CommandLogLimits;
  #records: CommandRecord[] = [];
  #timer: Cancel | null = null;
  #dropped = 0;
  #droppedInAll = 0;

  constructor(logger: Pick<Logger, "info" | "warn">, scheduler: Scheduler, limits: CommandLogLimits) {
    this.#logger = logger;
    this.#scheduler = scheduler;
    this.#limits = limits;
  }

  /** Lines that were never written because too many waited. */
  get dropped(): number {
    return this.#droppedInAll;
  }

  record(record: CommandRecord): void {
    if (this.#records.length >= this.#limits.waitingLines) {
      this.#dropped += 1;
      this.#droppedInAll += 1;
      return;
    }
    this.#records.push(record);
    this.#timer ??= this.#scheduler.after(this.#limits.flushMs, () => this.flush());
  }

  /** Writes what waits now; also the last thing before the process ends. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const records = this.#records;
    this.#records = [];
    for (const { at, address, port, transport, command, outcome } of records) {
      this.#logger.info({
        time: at,
        ip: address,
        port,
        via: transport,
        command: harmless(command, this.#limits.textLength),
        outcome: harmless(outcome, this.#limits.textLength),
      });
    }
    if (this.#dropped === 0) return;
    this.#logger.warn(
      { dropped: this.#dropped },
      "command log lines dropped: they came faster than they can be written",
    );
    this.#dropped = 0;
  }
}

/** Keeps nothing and costs nothing: `--no-command-log`. */
export const noCommandLog: CommandRecorder = { record: () => {} };

/** Text from outside can't steer a terminal, forge a line, or grow the log without bound. */
export function harmless(text: string, length: number): string {
  const cut = text.length > length ? `${text.slice(0, length)}…` : text;
  // Control characters, line separators, and the marks that reorder what is shown.
  return cut.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "·");
}
