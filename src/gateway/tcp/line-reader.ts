/**
 * Turns the bytes of a raw TCP connection into lines. Pure: silence is told to it, it sets no timers.
 *
 * Classroom clients send `COMPRAR` without a line end and wait. So until a connection has sent its first newline,
 * bytes that spell one bare command count as one after a short silence; a newline that comes right after belongs to
 * it and is swallowed. Telnet's negotiation (RFC 854) is skipped, and so is the byte 0, which that RFC calls no operation
 * and programs in C send behind their strings.
 */
import { isAscii } from "node:buffer";
import { isBareCommand } from "../../protocol/text.ts";

/** A line, or what can't be one. Lines are plain text: an object for each would be most of what reading them costs. */
export type LineEvent =
  | string
  | { readonly type: "too_long" }
  /** Bytes that were left unfinished. They may be half of something: `COMPRAR 1` of `COMPRAR 10`, so they buy nothing. */
  | { readonly type: "unfinished" };

const NOTHING = 0;
const NEWLINE = 10;
const RETURN = 13;
const IAC = 255;
const SUBNEGOTIATION = 250;
const SUBNEGOTIATION_END = 240;
const FIRST_OPTION = 251;

/** Where in a telnet command the next byte stands. */
type Telnet = "text" | "command" | "option" | "subnegotiation" | "subnegotiation-command";

export class LineReader {
  readonly #lineBytes: number;
  readonly #bytes: number[] = [];
  #telnet: Telnet = "text";
  #sawNewline = false;
  #swallowNewline = false;
  /** The rest of a line that was too long is dropped. */
  #skipping = false;

  /** @param lineBytes the longest line, its end not counted. */
  constructor(lineBytes: number) {
    this.#lineBytes = lineBytes;
  }

  push(chunk: Buffer): LineEvent[] {
    const events: LineEvent[] = [];
    let at = 0;
    while (at < chunk.length && !this.#isBetweenLines) this.#takeAny(chunk[at++] ?? 0, events);
    at = this.#takeWholeLines(chunk, at, events);
    while (at < chunk.length) this.#takeAny(chunk[at++] ?? 0, events);
    return events;
  }

  /** What the silence after the last bytes may end: nothing, a bare command, something unfinished, or a line refused already. */
  get pending(): "nothing" | "command" | "fragment" | "refused" {
    if (this.#sawNewline) return "nothing";
    if (this.#skipping) return "refused";
    if (this.#bytes.length === 0) return "nothing";
    return isBareCommand(this.#text()) ? "command" : "fragment";
  }

  /** The silence was long enough for what `pending` says. */
  silence(): LineEvent[] {
    const { pending } = this;
    if (pending === "nothing") return [];
    this.#swallowNewline = true;
    if (pending === "refused") {
      // A client without line ends would otherwise never be heard again.
      this.#skipping = false;
      return [];
    }
    const line = this.#line();
    return [pending === "command" ? line : { type: "unfinished" }];
  }

  /** Nothing more will come; unterminated bytes are the last line. */
  end(): LineEvent[] {
    return this.#bytes.length === 0 ? [] : [this.#line()];
  }

  get #isBetweenLines(): boolean {
    const isPlain = this.#telnet === "text" && !this.#skipping && !this.#swallowNewline;
    return isPlain && this.#bytes.length === 0;
  }

  /**
   * A shortcut for what nearly all clients send, whole lines of ASCII: byte by byte a line costs ten times as much.
   *
   * @returns where the first byte stands that isn't part of a line taken here.
   */
  #takeWholeLines(chunk: Buffer, start: number, events: LineEvent[]): number {
    if (start === chunk.length || !isAscii(chunk)) return start;
    const text = chunk.toString("latin1");
    if (text.includes("\0")) return start;
    let at = start;
    for (let end = text.indexOf("\n", at); end !== -1; end = text.indexOf("\n", at)) {
      const stop = end > at && text.charCodeAt(end - 1) === RETURN ? end - 1 : end;
      if (stop - at > this.#lineBytes) break;
      const line = text.slice(at, stop);
      const whole = text.slice(at, end + 1);
      // Whoever sends much at once repeats itself: the same text isn't cut out again, nor hashed again by who looks it up.
      do {
        events.push(line);
        at += whole.length;
      } while (text.startsWith(whole, at));
    }
    if (at > start) this.#sawNewline = true;
    return at;
  }

  #takeAny(byte: number, events: LineEvent[]): void {
    if (this.#telnet === "text" && byte !== IAC) this.#take(byte, events);
    else this.#takeTelnet(byte, events);
  }

  #take(byte: number, events: LineEvent[]): void {
    if (byte === NOTHING) return;
    if (byte === NEWLINE) {
      this.#endLine(events);
      return;
    }
    // A carriage return may be the first half of a line end that is to be swallowed.
    if (byte !== RETURN) this.#swallowNewline = false;
    if (this.#skipping) return;
    this.#bytes.push(byte);
    if (this.#bytes.length <= this.#lineBytes + 1) return;
    this.#bytes.length = 0;
    this.#skipping = true;
    events.push({ type: "too_long" });
  }

  #endLine(events: LineEvent[]): void {
    this.#sawNewline = true;
    const swallow = this.#swallowNewline;
    this.#swallowNewline = false;
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    if (this.#bytes.at(-1) === RETURN) this.#bytes.pop();
    if (swallow && this.#bytes.length === 0) return;
    events.push(this.#bytes.length > this.#lineBytes ? this.#tooLong() : this.#line());
  }

  #takeTelnet(byte: number, events: LineEvent[]): void {
    switch (this.#telnet) {
      case "text":
        this.#telnet = "command";
        return;
      case "command":
        if (byte === SUBNEGOTIATION) this.#telnet = "subnegotiation";
        else this.#telnet = byte >= FIRST_OPTION && byte < IAC ? "option" : "text";
        if (byte === IAC) this.#take(IAC, events);
        return;
      case "option":
        this.#telnet = "text";
        return;
      case "subnegotiation":
        if (byte === IAC) this.#telnet = "subnegotiation-command";
        return;
      case "subnegotiation-command":
        this.#telnet = byte === SUBNEGOTIATION_END ? "text" : "subnegotiation";
    }
  }

  #tooLong(): LineEvent {
    this.#bytes.length = 0;
    return { type: "too_long" };
  }

  #line(): LineEvent {
    const text = this.#text();
    this.#bytes.length = 0;
    return text;
  }

  #text(): string {
    return Buffer.from(this.#bytes).toString("utf8");
  }
}
