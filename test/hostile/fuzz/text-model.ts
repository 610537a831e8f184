/** What text earns, written once more from docs/protocol.md, so that server and model check one another. */
import type { Said } from "./words.ts";

const LINE_BYTES = 512;
const KEY = /^[A-Za-z0-9_-]{1,64}$/;
const BARE: Readonly<Record<string, Said>> = {
  CONSULTAR: "query",
  COMPRAR: "buy",
  INGRESSOS: "tickets",
  ASSINAR: "subscribe",
  SILENCIAR: "unsubscribe",
  AJUDA: "help",
  SAIR: "quit",
};

/** The answers that a line without its end may get. */
export function saidTo(line: Buffer): readonly Said[] {
  const text = line.toString("utf8");
  const isText = Buffer.from(text).equals(line);
  if (line.length > LINE_BYTES) return ["too_long"];
  const words = text.trim().split(/\s+/);
  const said = saidToWords(words);
  // What isn't UTF-8 is read as other bytes, and more of them.
  return isText ? [said] : [said, "bad_message", "too_long"];
}

function saidToWords([command = "", amount, key, ...more]: readonly string[]): Said {
  if (command === "") return "help";
  const name = command.toUpperCase();
  const bare = Object.hasOwn(BARE, name) ? BARE[name]! : "bad_message";
  if (amount === undefined || bare === "bad_message") return bare;
  if (bare !== "buy" || more.length > 0) return "bad_message";
  if (!/^\d{1,9}$/.test(amount) || Number(amount) < 1 || Number(amount) > 10) return "bad_quantity";
  return key === undefined || KEY.test(key) ? "buy" : "bad_key";
}

/** The answers to all that a TCP client sends before it says that it is done. */
export function saidToBytes(bytes: Buffer): (readonly Said[])[] {
  const lines = splitLines(withoutTelnet(bytes));
  const last = lines.pop() ?? Buffer.alloc(0);
  const answers = lines.map((line) => saidTo(line.at(-1) === 13 ? line.subarray(0, -1) : line));
  if (last.length > 0) {
    const said = saidTo(last);
    // An unfinished line isn't the same to a server that was too busy to see the end right behind it.
    answers.push(lines.length === 0 || last.at(-1) === 13 ? [...said, "bad_message", "too_long"] : said);
  }
  return untilQuit(answers);
}

/** The answers to one WebSocket message. */
export function saidToMessage(message: Buffer): (readonly Said[])[] {
  const text = message.toString("utf8").replace(/\r?\n$/, "");
  return text.split("\n").map((line) => saidTo(Buffer.from(line.endsWith("\r") ? line.slice(0, -1) : line)));
}

/** Whatever stands behind SAIR isn't answered. */
export function untilQuit(answers: (readonly Said[])[]): (readonly Said[])[] {
  const end = answers.findIndex((said) => said.length === 1 && said[0] === "quit");
  return end === -1 ? answers : answers.slice(0, end + 1);
}

function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  lines.push(bytes.subarray(start));
  return lines;
}

/** RFC 854: 255 begins a command, 250 to 240 a subnegotiation, 251 to 254 have one byte more, twice 255 is itself, 0 is nothing. */
function withoutTelnet(bytes: Buffer): Buffer {
  const kept: number[] = [];
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === 0) continue;
    if (bytes[i] !== 255) {
      kept.push(bytes[i]!);
      continue;
    }
    i += 1;
    const command = bytes[i];
    if (command === 255) kept.push(255);
    else if (command !== undefined && command >= 251) i += 1;
    else if (command === 250) i = endOfSubnegotiation(bytes, i + 1);
  }
  return Buffer.from(kept);
}

/** Within it 255 takes the next byte with it, whatever that is; 240 behind one ends it. */
function endOfSubnegotiation(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] !== 255) continue;
    at += 1;
    if (bytes[at] === 240) return at;
  }
  return bytes.length;
}
