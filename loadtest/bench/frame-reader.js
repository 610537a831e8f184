/** WebSocket frames as a client sees them (RFC 6455, section 5): reads a server's, builds its own. */
import { randomBytes } from "node:crypto";

export const TEXT = 1;
export const CLOSE = 8;
export const PING = 9;
const PONG = 10;

const FINAL = 0x80;
const MASKED = 0x80;

/** The longest frame that is expected of either server; it keeps what a connection may hold back small. */
const LONGEST_PAYLOAD = 4096;

/** @typedef {(opcode: number, bytes: Buffer, start: number, end: number) => void} TakeFrame */

export class FrameReader {
  #take;
  /** @type {Buffer | null} the beginning of a frame whose rest hasn't come yet */
  #begun = null;

  /** @param {TakeFrame} take called once per frame; the bytes are only good during the call */
  constructor(take) {
    this.#take = take;
  }

  /**
   * @param {Buffer} bytes
   * @param {number} length how many of them have come
   * @throws {Error} at a frame that these servers have no reason to send
   */
  read(bytes, length) {
    if (this.#begun === null) {
      this.#readWhole(bytes, length);
      return;
    }
    const joined = Buffer.concat([this.#begun, bytes.subarray(0, length)]);
    this.#begun = null;
    this.#readWhole(joined, joined.length);
  }

  /** @param {Buffer} bytes @param {number} length */
  #readWhole(bytes, length) {
    let at = 0;
    while (length - at >= 2) {
      const first = bytes[at] ?? 0;
      const short = bytes[at + 1] ?? 0;
      // A masked frame has the highest bit set, a length of eight bytes is 127: neither has a reason to be here.
      if ((first & 0xf0) !== FINAL || short > 126) throw unexpected(bytes, at, length);
      if (short === 126 && length - at < 4) break;
      const size = short === 126 ? bytes.readUInt16BE(at + 2) : short;
      const start = at + (short === 126 ? 4 : 2);
      if (size > LONGEST_PAYLOAD) throw unexpected(bytes, at, length);
      if (start + size > length) break;
      this.#take(first & 0x0f, bytes, start, start + size);
      at = start + size;
    }
    if (at < length) this.#begun = Buffer.from(bytes.subarray(at, length));
  }
}

/** @param {Buffer} bytes @param {number} at @param {number} length */
function unexpected(bytes, at, length) {
  return new Error(
    `the server sent a frame that begins ${bytes.toString("hex", at, Math.min(at + 8, length))}`,
  );
}

/** @param {string} text at most 125 bytes */
export function maskedTextFrame(text) {
  return maskedFrame(TEXT, Buffer.from(text));
}

/** @param {Buffer} payload of the ping that it answers */
export function pongFrame(payload) {
  return maskedFrame(PONG, payload);
}

/** @param {number} opcode @param {Buffer} payload */
function maskedFrame(opcode, payload) {
  if (payload.length > 125) throw new RangeError("only short frames are built here");
  const mask = randomBytes(4);
  const frame = Buffer.concat([Buffer.from([FINAL | opcode, MASKED | payload.length]), mask, payload]);
  for (let i = 0; i < payload.length; i++) frame[6 + i] = (payload[i] ?? 0) ^ (mask[i % 4] ?? 0);
  return frame;
}
