/**
 * One line per command on the server's console. The hot path only adds a short text to the lines that wait; they are
 * handed over in batches a moment later. A console that stalls never stalls the sale: what can't be held is counted,
 * and the count is said as soon as there is room.
 */
import { putAscii, putBytes, putCount } from "../bytes/ascii.ts";
import type { Instant } from "../box-office/sale.ts";
import type { Bought, Cancel, CommandRecorder, Peer, Scheduler } from "../engine/ports.ts";

export interface CommandLogLimits {
  /** Lines that are handed over at once; with fewer, they wait for `flushMs`. */
  readonly batchLines: number;
  readonly flushMs: number;
  /** Characters of what the client sent. */
  readonly textLength: number;
}

/** What one line says. */
export interface CommandLine {
  readonly at: Instant;
  readonly peer: Peer;
  /** Made harmless. */
  readonly command: string;
  /** The command holds nothing that JSON would have to escape. */
  readonly isPlain: boolean;
  readonly outcome: string;
  readonly bought: Bought | undefined;
}

/** Where lines go. */
export interface LineSink {
  /** What its lines look like: for people, or for machines. */
  readonly style: "readable" | "json";
  /**
   * Writes one line, its end included, into `bytes` from `start`, where there is room enough.
   *
   * @param line which is another one after this call. @returns where the line ends.
   */
  format(bytes: Buffer, start: number, line: CommandLine): number;
  /** Takes whole lines, which are its own from then on, without waiting for anybody. False when it dropped them. */
  write(lines: Buffer): boolean;
  warn(message: string, figures: Readonly<Record<string, number>>): void;
}

/** Printable ASCII but for the quote and the backslash: by far the most commands, and safe everywhere. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** Lines that wait lie in pieces of this size. */
const PIECE_BYTES = 64 * 1024;

/** What a line takes beside its command, at most: an address, a few numbers and words. */
const LINE_BYTES = 512;

/** Of a character that is half of a pair, which JSON writes as an escape. */
const CHARACTER_BYTES = 6;

const NO_BYTES = Buffer.alloc(0);

export class CommandLog implements CommandRecorder {
  readonly #sink: LineSink;
  readonly #scheduler: Scheduler;
  readonly #limits: CommandLogLimits;
  readonly #longestLine: number;
  /** Lines that wait: full pieces, and those of the piece that is being filled, behind the ones that were handed over. */
  #pieces: Buffer[] = [];
  #piece = NO_BYTES;
  #handedOver = 0;
  #filled = 0;
  #count = 0;
  #timer: Cancel | null = null;
  #unsaid = 0;
  #dropped = 0;
  /** The last command that was found to be plain: most are the same few texts. */
  #plain = "";
  /** Filled in anew for each line: an object for each would be the log's own part of what a purchase leaves behind. */
  readonly #line: { -readonly [Part in keyof CommandLine]: CommandLine[Part] } = {
    at: 0,
    peer: { address: "", port: 0, transport: "ws" },
    command: "",
    isPlain: true,
    outcome: "",
    bought: undefined,
  };

  constructor(sink: LineSink, scheduler: Scheduler, limits: CommandLogLimits) {
    this.#sink = sink;
    this.#scheduler = scheduler;
    this.#limits = limits;
    this.#longestLine = longestLine(limits);
  }

  /** Lines that were never written because the console didn't read. */
  get dropped(): number {
    return this.#dropped;
  }

  record(at: Instant, peer: Peer, command: string, outcome: string, bought?: Bought): void {
    const line = this.#line;
    line.at = at;
    line.peer = peer;
    line.isPlain = command === this.#plain || this.#isPlain(command);
    if (line.isPlain) this.#plain = command;
    line.command = line.isPlain ? command : harmless(command, this.#limits.textLength);
    line.outcome = outcome;
    line.bought = bought;
    this.#add(line);
    if (this.#count === this.#limits.batchLines) this.#scheduler.soon(() => this.flush());
    else this.#timer ??= this.#scheduler.after(this.#limits.flushMs, () => this.flush());
  }

  #add(line: CommandLine): void {
    if (this.#filled + this.#longestLine > this.#piece.length) this.#turnOver();
    this.#filled = this.#sink.format(this.#piece, this.#filled, line);
    this.#count += 1;
  }

  #turnOver(): void {
    if (this.#filled > this.#handedOver)
      this.#pieces.push(this.#piece.subarray(this.#handedOver, this.#filled));
    this.#piece = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, this.#longestLine));
    this.#handedOver = 0;
    this.#filled = 0;
  }

  #isPlain(command: string): boolean {
    return command.length <= this.#limits.textLength && PLAIN.test(command);
  }

  /** Hands over what waits now; also the last thing before the process ends. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#count === 0) return;
    const last = this.#piece.subarray(this.#handedOver, this.#filled);
    const lines = this.#pieces.length === 0 ? last : Buffer.concat([...this.#pieces, last]);
    const count = this.#count;
    // The rest of the piece is filled on: a line that waits for a slow console would keep the whole of it.
    this.#handedOver = this.#filled;
    this.#pieces = [];
    this.#count = 0;
    this.#handOver(lines, count);
  }

  /** Lines that another process made of its own records, which are dropped, counted and told like this one's. */
  pass(lines: Buffer): void {
    let count = 0;
    for (let at = lines.indexOf(LINE_END); at !== -1; at = lines.indexOf(LINE_END, at + 1)) count += 1;
    this.#handOver(lines, count);
  }

  #handOver(lines: Buffer, count: number): void {
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

/** In bytes. */
export function longestLine({ textLength }: Pick<CommandLogLimits, "textLength">): number {
  return LINE_BYTES + (textLength + 1) * CHARACTER_BYTES;
}

/** Text from outside can't steer a terminal, forge a line, or grow the log without bound. */
export function harmless(text: string, length: number): string {
  const cut = text.length > length ? `${text.slice(0, length)}…` : text;
  // Control characters, line separators, and the marks that reorder what is shown.
  return cut.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "·");
}

const LINE_END = 0x0a;

/** As pino would write it, but without asking for each of a million records what kind of value each field is. */
export function formatJson(bytes: Buffer, start: number, line: CommandLine): number {
  const { at: instant, bought } = line;
  if (instant !== writtenAt) {
    writtenAt = instant;
    writtenHead = Buffer.from(`{"level":30,"time":${instant}`);
  }
  const from = putBytes(bytes, start, writtenHead);
  const isAgain = isSaidAgain(line);
  let at = isAgain && saidBytes.length > 0 ? putBytes(bytes, from, saidBytes) : putSaid(bytes, from, line);
  if (isAgain && saidBytes.length === 0) saidBytes = Buffer.from(bytes.subarray(from, at));
  if (bought !== undefined) {
    at = putCount(bytes, putBytes(bytes, at, ORDER), bought.order);
    at = putCount(bytes, putBytes(bytes, at, REMAINING), bought.remaining);
  }
  return putBytes(bytes, at, END);
}

/** Who said what, and what came of it. */
function putSaid(bytes: Buffer, start: number, line: CommandLine): number {
  const { peer, command, isPlain, outcome } = line;
  let at = putPeer(bytes, start, peer);
  if (isPlain) {
    bytes[at++] = QUOTE;
    at = putAscii(bytes, at, command);
    bytes[at++] = QUOTE;
  } else at += bytes.write(JSON.stringify(command), at);
  return putAscii(bytes, putBytes(bytes, at, OUTCOME), outcome);
}

/** What `putSaid` wrote last was for this, and its bytes once it came twice: in a rush one client's commands come in a row. */
let saidPeer: Peer | null = null;
let saidCommand = "";
let saidOutcome = "";
let saidBytes = NO_BYTES;

function isSaidAgain({ peer, command, outcome }: CommandLine): boolean {
  if (peer === saidPeer && command === saidCommand && outcome === saidOutcome) return true;
  saidPeer = peer;
  saidCommand = command;
  saidOutcome = outcome;
  saidBytes = NO_BYTES;
  return false;
}

const QUOTE = 0x22;
const OUTCOME = Buffer.from(',"outcome":"');
const ORDER = Buffer.from(" order=");
const REMAINING = Buffer.from(" remaining=");
const END = Buffer.from('"}\n');

export function formatReadable(bytes: Buffer, start: number, line: CommandLine): number {
  const { at, peer, command, outcome, bought } = line;
  const clock = new Date(at).toISOString().slice(11, 23);
  const from = `${peer.address}:${peer.port}`;
  const figures = bought === undefined ? "" : ` order=${bought.order} remaining=${bought.remaining}`;
  const text = `${clock}  ${peer.transport.padEnd(4)} ${from.padEnd(21)}  ${command.padEnd(20)}  ${outcome}${figures}\n`;
  return start + bytes.write(text, start);
}

/** The instant that was written last, with what stands before it: the lines of one batch share it, or nearly. */
let writtenAt = Number.NaN;
let writtenHead = NO_BYTES;

function putPeer(bytes: Buffer, start: number, { address, port, transport }: Peer): number {
  let at = putBytes(bytes, start, IP);
  if (isPlainAddress(address)) {
    bytes[at++] = QUOTE;
    at = putAscii(bytes, at, address);
    bytes[at++] = QUOTE;
  } else at += bytes.write(JSON.stringify(address), at);
  at = putCount(bytes, putBytes(bytes, at, PORT), port);
  return putBytes(bytes, at, VIA[transport]);
}

/** All are, but for the name of an interface behind one of IPv6, which may hold anything. */
function isPlainAddress(address: string): boolean {
  for (let i = 0; i < address.length; i++) {
    const unit = address.charCodeAt(i);
    if (unit < DOT || unit > LAST_LETTER || unit === BACKSLASH) return false;
  }
  return true;
}

const [DOT, BACKSLASH, LAST_LETTER] = [0x2e, 0x5c, 0x7a];
const IP = Buffer.from(',"ip":');
const PORT = Buffer.from(',"port":');
const VIA: Readonly<Record<Peer["transport"], Buffer>> = {
  ws: Buffer.from(',"via":"ws","command":'),
  tcp: Buffer.from(',"via":"tcp","command":'),
  http: Buffer.from(',"via":"http","command":'),
};
