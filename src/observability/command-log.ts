/**
 * One line per command on the server's console. The hot path only adds a short text to the lines that wait; they are
 * handed over in batches a moment later. A console that stalls never stalls the sale: what can't be held is counted,
 * and the count is said as soon as there is room.
 */
import type { Cancel, CommandRecord, CommandRecorder, Peer, Scheduler } from "../engine/ports.ts";

export interface CommandLogLimits {
  /** Lines that are handed over at once; with fewer, they wait for `flushMs`. */
  readonly batchLines: number;
  readonly flushMs: number;
  /** Characters of what the client sent. */
  readonly textLength: number;
}

/** Where lines go. */
export interface LineSink {
  /** What its lines look like: for people, or for machines. */
  readonly style: "readable" | "json";
  /**
   * One line for this record, its end included; `command` is its command, made harmless.
   *
   * @param isPlain it holds nothing that JSON would have to escape.
   */
  format(record: CommandRecord, command: string, isPlain: boolean): string;
  /** Takes whole lines without waiting for anybody. False when it dropped them, because nobody reads. */
  write(lines: string): boolean;
  warn(message: string, figures: Readonly<Record<string, number>>): void;
}

/** Printable ASCII but for the quote and the backslash: by far the most commands, and safe everywhere. */
const PLAIN = /^[ !#-[\]-~]*$/;

export class CommandLog implements CommandRecorder {
  readonly #sink: LineSink;
  readonly #scheduler: Scheduler;
  readonly #limits: CommandLogLimits;
  #lines = "";
  #count = 0;
  #timer: Cancel | null = null;
  #unsaid = 0;
  #dropped = 0;
  /** The last command that was found to be plain: most are the same few texts. */
  #plain = "";

  constructor(sink: LineSink, scheduler: Scheduler, limits: CommandLogLimits) {
    this.#sink = sink;
    this.#scheduler = scheduler;
    this.#limits = limits;
  }

  /** Lines that were never written because the console didn't read. */
  get dropped(): number {
    return this.#dropped;
  }

  record(record: CommandRecord): void {
    const { command } = record;
    if (command === this.#plain || this.#isPlain(command)) {
      this.#plain = command;
      this.#lines += this.#sink.format(record, command, true);
    } else this.#lines += this.#sink.format(record, harmless(command, this.#limits.textLength), false);
    this.#count += 1;
    if (this.#count === this.#limits.batchLines) this.#scheduler.soon(() => this.flush());
    else this.#timer ??= this.#scheduler.after(this.#limits.flushMs, () => this.flush());
  }

  #isPlain(command: string): boolean {
    return command.length <= this.#limits.textLength && PLAIN.test(command);
  }

  /** Hands over what waits now; also the last thing before the process ends. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#count === 0) return;
    const lines = this.#lines;
    const count = this.#count;
    this.#lines = "";
    this.#count = 0;
    this.#handOver(lines, count);
  }

  /** Lines that another process made of its own records, which are dropped, counted and told like this one's. */
  pass(lines: string): void {
    let count = 0;
    for (let at = lines.indexOf("\n"); at !== -1; at = lines.indexOf("\n", at + 1)) count += 1;
    this.#handOver(lines, count);
  }

  #handOver(lines: string, count: number): void {
    if (!this.#sink.write(lines)) {
      this.#unsaid += count;
      this.#dropped += count;
      return;
    }
    if (this.#unsaid === 0) return;
    this.#sink.warn("command log lines dropped: the console doesn't read them", { dropped: this.#unsaid });
    this.#unsaid = 0;
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

/** Who it was, as it stands in each JSON line of one connection; made once. */
const origins = new WeakMap<Peer, string>();

/** The instant that was written last, as text: the lines of one batch share it, or nearly. */
let writtenAt = 0;
let writtenAtText = "0";

/** As pino would write it, but without asking for each of a million records what kind of value each field is. */
export function formatJson(record: CommandRecord, command: string, isPlain: boolean): string {
  const { at, peer, outcome } = record;
  if (at !== writtenAt) {
    writtenAt = at;
    writtenAtText = String(at);
  }
  const quoted = isPlain ? `"${command}"` : JSON.stringify(command);
  return `{"level":30,"time":${writtenAtText}${originOf(peer)}${quoted},"outcome":"${outcome}"}\n`;
}

export function formatReadable(record: CommandRecord, command: string): string {
  const { at, peer, outcome } = record;
  const clock = new Date(at).toISOString().slice(11, 23);
  const from = `${peer.address}:${peer.port}`;
  return `${clock}  ${peer.transport.padEnd(4)} ${from.padEnd(21)}  ${command.padEnd(20)}  ${outcome}\n`;
}

function originOf(peer: Peer): string {
  let origin = origins.get(peer);
  if (origin === undefined) {
    origin = `,"ip":${JSON.stringify(peer.address)},"port":${peer.port},"via":"${peer.transport}","command":`;
    origins.set(peer, origin);
  }
  return origin;
}
