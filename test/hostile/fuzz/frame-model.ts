/** RFC 6455 as a server has to read it, written once more: which messages arrive, and how the connection ends. */

export interface Reading {
  readonly messages: readonly { readonly payload: Buffer; readonly isBinary: boolean }[];
  readonly pings: readonly Buffer[];
  /**
   * `open`: nothing wrong so far. `unfinished`: more bytes are needed. `closed`: with one of these codes; none of
   * them is a close without a code.
   */
  readonly end:
    | { readonly kind: "open" }
    | { readonly kind: "unfinished" }
    | { readonly kind: "closed"; readonly codes: readonly (number | undefined)[] };
}

const MESSAGE_BYTES = 4096;
const FRAGMENTS = 8;

interface Frame {
  readonly final: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
  readonly next: number;
}

export function readFrames(bytes: Buffer): Reading {
  const messages: { payload: Buffer; isBinary: boolean }[] = [];
  const pings: Buffer[] = [];
  let parts: Buffer[] = [];
  let begun = 0;
  const ended = (codes: (number | undefined)[]): Reading => ({
    messages,
    pings,
    end: { kind: "closed", codes },
  });
  for (let at = 0; ;) {
    if (at === bytes.length)
      return { messages, pings, end: { kind: parts.length > 0 ? "unfinished" : "open" } };
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    const frame = readFrame(bytes, at, begun, size);
    if (frame === null) return { messages, pings, end: { kind: "unfinished" } };
    if (typeof frame === "number") return ended([frame]);
    at = frame.next;
    const { opcode, final, payload } = frame;
    if (opcode === 8) return ended(closeCodes(payload));
    if (opcode === 9) pings.push(payload);
    if (opcode > 2) continue;
    if (begun === 0) begun = opcode;
    parts.push(payload);
    // Counted even where there is only one.
    if (parts.length > FRAGMENTS) return ended([1008]);
    if (!final) continue;
    const message = Buffer.concat(parts);
    if (begun === 1 && !isUtf8(message)) return ended([1007]);
    messages.push({ payload: message, isBinary: begun === 2 });
    parts = [];
    begun = 0;
  }
}

/** A frame; the code that it earns; or null if it isn't whole yet. @param begun opcode of the message under way. */
function readFrame(bytes: Buffer, at: number, begun: number, size: number): Frame | number | null {
  if (bytes.length - at < 2) return null;
  const first = bytes[at]!;
  const opcode = first & 15;
  const final = first >= 128;
  let length = bytes[at + 1]! & 127;
  if ((first & 0x70) !== 0 || (opcode > 2 && opcode < 8) || opcode > 10) return 1002;
  if (opcode === 0 ? begun === 0 : opcode < 3 && begun !== 0) return 1002;
  if (opcode >= 8 && (!final || length > 125 || (opcode === 8 && length === 1))) return 1002;
  if (bytes[at + 1]! < 128) return 1002;
  let head = 2;
  if (length === 126) {
    if (bytes.length - at < 4) return null;
    length = bytes.readUInt16BE(at + 2);
    head = 4;
  } else if (length === 127) {
    if (bytes.length - at < 10) return null;
    length = Number(bytes.readBigUInt64BE(at + 2));
    head = 10;
  }
  if (opcode < 3 && size + length > MESSAGE_BYTES) return 1009;
  const start = at + head + 4;
  if (bytes.length < start + length) return null;
  const payload = Buffer.from(bytes.subarray(start, start + length));
  for (let i = 0; i < length; i++) payload[i]! ^= bytes[start - 4 + (i & 3)]!;
  return { final, opcode, payload, next: start + length };
}

function closeCodes(payload: Buffer): (number | undefined)[] {
  if (payload.length < 2) return [undefined];
  const code = payload.readUInt16BE(0);
  const mayBeSent =
    (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
  if (!mayBeSent) return [1002];
  return [isUtf8(payload.subarray(2)) ? code : 1007];
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString("utf8")).equals(bytes);
}
