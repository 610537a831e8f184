/**
 * One line per command on the server's console. The hot path only puts a record on a list; lines are made and
 * written in batches a moment later. A console that stalls never stalls the sale: what can't be held is counted and
 * the count is said as soon as there is room.
 */
import type { Cancel, CommandRecord, CommandRecorder, Scheduler } from "../engine/ports.ts";

export interface CommandLogLimits {
  /** Records that may wait for the next batch. */
  readonly waitingLines: number;
  readonly flushMs: number;
  /** Characters of what the client sent. */
  readonly textLength: number;
}

/** Where lines go. */
export interface LineSink {
  /** One line for this record, its end included. Both texts were made harmless. */
  format(record: CommandRecord): string;
  /** Takes whole lines without waiting for anybody. */
  write(lines: string): void;
  warn(message: string, figures: Readonly<Record<string, number>>): void;
}

/** Lines handed over at once. */
const LINES_AT_ONCE = 512;

/** Printable ASCII but for the quote and the backslash: by far the most texts, and safe everywhere. */
const PLAIN = /^[ !#-[\]-~]*$/;

export class CommandLog implements CommandRecorder {
  readonly #sink: LineSink;
  readonly #scheduler: Scheduler;
  readonly #limits: CommandLogLimits;
  #records: CommandRecord[] = [];
  #timer: Cancel | null = null;
  #dropped = 0;
  #droppedInAll = 0;

  constructor(sink: LineSink, scheduler: Scheduler, limits: CommandLogLimits) {
    this.#sink = sink;
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
    let lines = "";
    records.forEach((record, i) => {
      lines += this.#sink.format(this.#harmless(record));
      if ((i + 1) % LINES_AT_ONCE !== 0 && i + 1 < records.length) return;
      this.#sink.write(lines);
      lines = "";
    });
    if (this.#dropped === 0) return;
    this.#sink.warn("command log lines dropped: they came faster than they can be written", {
      dropped: this.#dropped,
    });
    this.#dropped = 0;
  }

  #harmless(record: CommandRecord): CommandRecord {
    const { textLength } = this.#limits;
    const { command, outcome } = record;
    if (command.length <= textLength && PLAIN.test(command) && PLAIN.test(outcome)) return record;
    return { ...record, command: harmless(command, textLength), outcome: harmless(outcome, textLength) };
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

/** As pino would write it, but without asking for each of a million records what kind of value each field is. */
export function formatJson(record: CommandRecord): string {
  const { at, address, port, transport, command, outcome } = record;
  return `{"level":30,"time":${at},"ip":"${address}","port":${port},"via":"${transport}","command":${quote(command)},"outcome":${quote(outcome)}}\n`;
}

export function formatReadable(record: CommandRecord): string {
  const { at, address, port, transport, command, outcome } = record;
  const clock = new Date(at).toISOString().slice(11, 23);
  return `${clock}  ${transport.padEnd(4)} ${`${address}:${port}`.padEnd(21)}  ${command.padEnd(20)}  ${outcome}\n`;
}

function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
